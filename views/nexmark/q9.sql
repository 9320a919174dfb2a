-- Nexmark q9. Winning bids: the highest bid of each auction while it was open, the first of equals.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  id BIGINT,
  seller BIGINT,
  category BIGINT,
  expires TIMESTAMP
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q9 AS
SELECT id, seller, category, opened, expires, bidder, price, date_time
FROM (SELECT a.id, a.seller, a.category, a.date_time AS opened, a.expires, b.bidder, b.price, b.date_time,
             ROW_NUMBER() OVER (PARTITION BY a.id ORDER BY b.price DESC, b.date_time) AS place
      FROM (SELECT id, seller, category, date_time, expires FROM nexmark WHERE kind = 'auction') AS a
      JOIN (SELECT auction, bidder, price, date_time FROM nexmark WHERE kind = 'bid') AS b
        ON a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires) AS won
WHERE place = 1;
