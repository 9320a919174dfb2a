-- Nexmark q17. Auction statistics of a day: bids in three ranks of price, and the prices.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q17 AS
SELECT auction, CAST(date_time AS DATE) AS day,
       COUNT(*) AS total_bids,
       COUNT(*) FILTER (WHERE price < 10000) AS rank1_bids,
       COUNT(*) FILTER (WHERE price >= 10000 AND price < 1000000) AS rank2_bids,
       COUNT(*) FILTER (WHERE price >= 1000000) AS rank3_bids,
       MIN(price) AS min_price, MAX(price) AS max_price, AVG(price) AS avg_price, SUM(price) AS sum_price
FROM nexmark
WHERE kind = 'bid'
GROUP BY auction, CAST(date_time AS DATE);
