-- Nexmark q7. Highest bid: the bids with the highest price of every ten seconds.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  extra VARCHAR
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q7 AS
SELECT b.auction, b.price, b.bidder, b.date_time, b.extra
FROM (SELECT auction, price, bidder, date_time, extra, window_start
      FROM TUMBLE(nexmark, date_time, INTERVAL '10' SECOND)
      WHERE kind = 'bid') AS b
JOIN (SELECT window_start, MAX(price) AS price
      FROM TUMBLE(nexmark, date_time, INTERVAL '10' SECOND)
      WHERE kind = 'bid'
      GROUP BY window_start, window_end) AS m ON b.window_start = m.window_start AND b.price = m.price;
