-- Clicks and visitors per page and 15 seconds, of visitors up to number 40,000.
CREATE TABLE clicks (
  clicked TIMESTAMP NOT NULL,
  page    VARCHAR,
  visitor BIGINT
) WITH (topic = 'clicks', format = 'json', event_time = 'clicked', partition_by = 'page', arrival = 'arrival');

CREATE VIEW visitors_by_page AS
SELECT page, window_start, window_end, COUNT(*) AS clicks, COUNT(DISTINCT visitor) AS visitors
FROM TUMBLE(clicks, clicked, INTERVAL '15' SECOND)
WHERE visitor <= 40000
GROUP BY page, window_start, window_end;
