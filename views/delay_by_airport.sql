-- How late flights leave, per airport and hour of scheduled departure.
CREATE TABLE flights (
  scheduled   TIMESTAMP NOT NULL,
  delay       INT,
  distance    INT,
  origin      VARCHAR,
  destination VARCHAR
) WITH (topic = 'flights', format = 'json', event_time = 'scheduled', partition_by = 'origin', arrival = 'arrival');

CREATE VIEW delay_by_airport AS
SELECT origin, window_start, window_end,
       COUNT(*) AS flights, AVG(delay) AS mean_delay, MAX(delay) AS worst
FROM TUMBLE(flights, scheduled, INTERVAL '1' HOUR)
WHERE delay IS NOT NULL
GROUP BY origin, window_start, window_end;
