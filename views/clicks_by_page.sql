-- Clicks per page and 15 seconds; the generated clicks are exactly 1,000 in each, so any other number is an error.
CREATE TABLE clicks (
  clicked TIMESTAMP NOT NULL,
  page    VARCHAR,
  visitor BIGINT
) WITH (topic = 'clicks', format = 'json', event_time = 'clicked', partition_by = 'page', arrival = 'arrival');

CREATE VIEW clicks_by_page AS
SELECT page, window_start, window_end, COUNT(*) AS clicks
FROM TUMBLE(clicks, clicked, INTERVAL '15' SECOND)
GROUP BY page, window_start, window_end;
