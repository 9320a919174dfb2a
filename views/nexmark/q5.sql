-- Nexmark q5. Hot items: the auctions with the most bids in the last ten seconds, looked at every two.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q5 AS
WITH counted AS (
  SELECT auction, window_start, window_end, COUNT(*) AS num
  FROM HOP(nexmark, date_time, INTERVAL '2' SECOND, INTERVAL '10' SECOND)
  WHERE kind = 'bid'
  GROUP BY auction, window_start, window_end
), most AS (
  SELECT window_start, window_end, MAX(num) AS num
  FROM counted
  GROUP BY window_start, window_end
)
SELECT c.auction, c.num, c.window_start, c.window_end
FROM counted AS c
JOIN most AS m ON c.window_start = m.window_start AND c.window_end = m.window_end AND c.num >= m.num;
