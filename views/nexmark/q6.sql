-- Nexmark q6. Average selling price per seller: over the last ten auctions that a bid has won.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  id BIGINT,
  seller BIGINT,
  expires TIMESTAMP
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q6 AS
WITH won AS (
  SELECT a.id, a.seller, b.price, b.date_time,
         ROW_NUMBER() OVER (PARTITION BY a.id, a.seller ORDER BY b.price DESC, b.date_time) AS place
  FROM (SELECT id, seller, date_time, expires FROM nexmark WHERE kind = 'auction') AS a
  JOIN (SELECT auction, price, date_time FROM nexmark WHERE kind = 'bid') AS b
    ON a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires
)
SELECT seller, date_time,
       AVG(price) OVER (PARTITION BY seller ORDER BY date_time ROWS BETWEEN 10 PRECEDING AND CURRENT ROW) AS price
FROM won
WHERE place = 1;
