CREATE TABLE orders (
  placed   TIMESTAMP NOT NULL,
  customer VARCHAR NOT NULL,
  item     VARCHAR,
  amount   DOUBLE,
  pieces   INT,
  paid     BOOLEAN
) WITH (topic = 'orders', format = 'json', event_time = 'placed');

CREATE VIEW v AS
SELCT customer, COUNT(*) AS n
FROM orders
GROUP BY customer;
