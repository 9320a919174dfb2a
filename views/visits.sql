-- Visits: what one visitor clicks with pauses of at most a minute, from the first page to the last.
CREATE TABLE clicks (
  clicked TIMESTAMP NOT NULL,
  page    VARCHAR,
  visitor BIGINT
) WITH (topic = 'clicks', format = 'json', event_time = 'clicked', partition_by = 'page', arrival = 'arrival');

CREATE VIEW visits AS
SELECT visitor,
       SESSION_START(clicked, INTERVAL '1' MINUTE) AS began, SESSION_END(clicked, INTERVAL '1' MINUTE) AS ended,
       COUNT(*) AS clicks, FIRST_VALUE(page) AS entered_by, LAST_VALUE(page) AS left_by
FROM clicks
GROUP BY visitor, SESSION(clicked, INTERVAL '1' MINUTE);
