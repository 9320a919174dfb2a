-- Nexmark q13. Bounded side input: every bid with what a file says of its auction; the file has a hundred lines.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE TABLE side_input (
  number BIGINT NOT NULL,
  value VARCHAR
) WITH (path = 'side_input.csv');

CREATE VIEW q13 AS
SELECT b.auction, b.bidder, b.price, b.date_time, s.value
FROM (SELECT auction, bidder, price, date_time FROM nexmark WHERE kind = 'bid') AS b
JOIN side_input AS s ON b.auction % 100 = s.number;
