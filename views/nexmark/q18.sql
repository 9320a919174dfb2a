-- Nexmark q18. Find last bid: the last bid of each person for each auction.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  channel VARCHAR,
  url VARCHAR,
  extra VARCHAR
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q18 AS
SELECT auction, bidder, price, channel, url, date_time, extra
FROM (SELECT auction, bidder, price, channel, url, date_time, extra,
             ROW_NUMBER() OVER (PARTITION BY bidder, auction ORDER BY date_time DESC) AS place
      FROM nexmark
      WHERE kind = 'bid') AS last
WHERE place <= 1;
