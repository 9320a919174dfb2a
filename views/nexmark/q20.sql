-- Nexmark q20. Expand bid with auction: the bids for auctions of category 10, with the auction.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  id BIGINT,
  item VARCHAR,
  initial_bid BIGINT,
  seller BIGINT,
  category BIGINT
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q20 AS
SELECT b.auction, b.bidder, b.price, b.date_time, a.item, a.initial_bid, a.seller, a.opened
FROM (SELECT auction, bidder, price, date_time FROM nexmark WHERE kind = 'bid') AS b
JOIN (SELECT id, item, initial_bid, seller, date_time AS opened FROM nexmark
      WHERE kind = 'auction' AND category = 10) AS a ON b.auction = a.id;
