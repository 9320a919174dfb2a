-- Nexmark q19. Auction top ten: the ten highest bids of each auction.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  channel VARCHAR,
  url VARCHAR,
  extra VARCHAR
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q19 AS
SELECT auction, bidder, price, channel, url, date_time, extra, place
FROM (SELECT auction, bidder, price, channel, url, date_time, extra,
             ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS place
      FROM nexmark
      WHERE kind = 'bid') AS top
WHERE place <= 10;
