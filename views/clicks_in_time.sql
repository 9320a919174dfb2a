-- Clicks per page and 15 seconds as a live page shows them: what comes more than a minute after its
-- window has closed is left out by every layer and counted as late, and only the last ten minutes
-- are kept.
CREATE TABLE clicks (
  clicked TIMESTAMP NOT NULL,
  page    VARCHAR,
  visitor BIGINT,
  WATERMARK FOR clicked AS clicked - INTERVAL '5' SECOND
) WITH (topic = 'clicks', format = 'json', event_time = 'clicked', partition_by = 'page', arrival = 'arrival');

CREATE VIEW clicks_in_time WITH (allowed_lateness = '1 minute', late = 'view', retain = '10 minutes') AS
SELECT page, window_start, window_end, COUNT(*) AS clicks, COUNT(DISTINCT visitor) AS visitors
FROM TUMBLE(clicks, clicked, INTERVAL '15' SECOND)
GROUP BY page, window_start, window_end;
