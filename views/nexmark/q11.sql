-- Nexmark q11. User sessions: how many bids a person makes with pauses of at most ten seconds.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  bidder BIGINT
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q11 AS
SELECT bidder, COUNT(*) AS bids, window_start, window_end
FROM SESSION(TABLE nexmark PARTITION BY bidder, DESCRIPTOR(date_time), INTERVAL '10' SECOND)
WHERE kind = 'bid'
GROUP BY bidder, window_start, window_end;
