-- Nexmark q2. Selection: the bids for some auctions, chosen by their number.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q2 AS
SELECT auction, price
FROM nexmark
WHERE kind = 'bid' AND auction % 123 = 0;
