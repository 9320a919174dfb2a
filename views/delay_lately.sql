-- Which airports are getting worse: delays over the last three hours, looked at every half hour.
CREATE TABLE flights (
  scheduled   TIMESTAMP NOT NULL,
  delay       INT,
  distance    INT,
  origin      VARCHAR,
  destination VARCHAR
) WITH (topic = 'flights', format = 'json', event_time = 'scheduled', partition_by = 'origin', arrival = 'arrival');

CREATE VIEW delay_lately AS
SELECT origin, window_start, window_end,
       COUNT(*) AS flights, AVG(delay) AS mean_delay, COUNT(*) FILTER (WHERE delay > 60) AS over_an_hour
FROM HOP(flights, scheduled, INTERVAL '30' MINUTE, INTERVAL '3' HOUR)
WHERE delay IS NOT NULL
GROUP BY origin, window_start, window_end;
