-- The three airports with the worst mean delay of each day, of those with at least a hundred flights.
CREATE TABLE flights (
  scheduled   TIMESTAMP NOT NULL,
  delay       INT,
  distance    INT,
  origin      VARCHAR,
  destination VARCHAR
) WITH (topic = 'flights', format = 'json', event_time = 'scheduled', partition_by = 'origin', arrival = 'arrival');

CREATE VIEW worst_airports AS
SELECT window_start, origin, COUNT(*) AS flights, AVG(delay) AS mean_delay,
       ROW_NUMBER() OVER (PARTITION BY window_start ORDER BY AVG(delay) DESC) AS place
FROM TUMBLE(flights, scheduled, INTERVAL '1' DAY)
WHERE delay IS NOT NULL
GROUP BY origin, window_start, window_end
HAVING COUNT(*) >= 100
QUALIFY place <= 3
ORDER BY window_start, place;
