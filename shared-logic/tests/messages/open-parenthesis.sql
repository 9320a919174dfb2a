CREATE TABLE orders (
  placed   TIMESTAMP NOT NULL,
  customer VARCHAR NOT NULL,
  item     VARCHAR,
  amount   DOUBLE,
  pieces   INT,
  paid     BOOLEAN
) WITH (topic = 'orders', format = 'json', event_time = 'placed');

CREATE VIEW v AS
SELECT customer, window_start, SUM(amount AS s
FROM TUMBLE(orders, placed, INTERVAL '1' HOUR)
GROUP BY customer, window_start;
