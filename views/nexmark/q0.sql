-- Nexmark q0. Pass-through: every bid as it came. What a pipeline costs that computes nothing.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  extra VARCHAR
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q0 AS
SELECT auction, bidder, price, date_time, extra
FROM nexmark
WHERE kind = 'bid';
