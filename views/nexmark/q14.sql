-- Nexmark q14. Calculation: the price in euros, the time of day in words, and how often a letter occurs.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  extra VARCHAR
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q14 AS
SELECT auction, bidder, 0.908 * price AS price,
       CASE WHEN EXTRACT(HOUR FROM date_time) >= 8 AND EXTRACT(HOUR FROM date_time) <= 18 THEN 'dayTime'
            WHEN EXTRACT(HOUR FROM date_time) <= 6 OR EXTRACT(HOUR FROM date_time) >= 20 THEN 'nightTime'
            ELSE 'otherTime' END AS bid_time_type,
       date_time, extra,
       length(extra) - length(replace(extra, 'c', '')) AS c_counts
FROM nexmark
WHERE kind = 'bid' AND 0.908 * price > 1000000 AND 0.908 * price < 50000000;
