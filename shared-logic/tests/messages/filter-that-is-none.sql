CREATE TABLE orders (
  placed   TIMESTAMP NOT NULL,
  customer VARCHAR NOT NULL,
  item     VARCHAR,
  amount   DOUBLE,
  pieces   INT,
  paid     BOOLEAN
) WITH (topic = 'orders', format = 'json', event_time = 'placed');

CREATE VIEW spent AS
SELECT customer, window_start, window_end, COUNT(*) FILTER (WHERE pieces + 1) AS n
FROM TUMBLE(orders, placed, INTERVAL '1' HOUR)
GROUP BY customer, window_start, window_end;
