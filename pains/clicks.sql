-- What most lessons count: clicks per page and minute.
CREATE TABLE clicks (
  clicked TIMESTAMP NOT NULL,
  page    VARCHAR,
  visitor BIGINT,
  amount  BIGINT
) WITH (topic = 'clicks', format = 'json', event_time = 'clicked', partition_by = 'page');

CREATE VIEW clicks_by_page AS
SELECT page, window_start, window_end, COUNT(*) AS clicks, SUM(amount) AS amount
FROM TUMBLE(clicks, clicked, INTERVAL '1' MINUTE)
GROUP BY page, window_start, window_end;
