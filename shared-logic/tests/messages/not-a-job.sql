CREATE TABLE orders (
  placed   TIMESTAMP NOT NULL,
  customer VARCHAR NOT NULL,
  item     VARCHAR,
  amount   DOUBLE,
  pieces   INT,
  paid     BOOLEAN
) WITH (topic = 'orders', format = 'json', event_time = 'placed');

INSERT INTO orders VALUES (1);
