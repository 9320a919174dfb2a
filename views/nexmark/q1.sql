-- Nexmark q1. Currency conversion: every bid with its price in euros.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  extra VARCHAR
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q1 AS
SELECT auction, bidder, 0.908 * price AS price, date_time, extra
FROM nexmark
WHERE kind = 'bid';
