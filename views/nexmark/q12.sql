-- Nexmark q12. Bids per person and ten seconds: by event time, where the original has processing time.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  bidder BIGINT
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q12 AS
SELECT bidder, COUNT(*) AS bids, window_start, window_end
FROM TUMBLE(nexmark, date_time, INTERVAL '10' SECOND)
WHERE kind = 'bid'
GROUP BY bidder, window_start, window_end;
