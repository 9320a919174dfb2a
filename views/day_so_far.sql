-- How the day is going: flights and delay since midnight, hour by hour.
CREATE TABLE flights (
  scheduled   TIMESTAMP NOT NULL,
  delay       INT,
  distance    INT,
  origin      VARCHAR,
  destination VARCHAR
) WITH (topic = 'flights', format = 'json', event_time = 'scheduled', partition_by = 'origin', arrival = 'arrival');

CREATE VIEW day_so_far AS
SELECT window_start, window_end,
       COUNT(*) AS flights, SUM(delay) AS minutes_lost, MEDIAN(delay) AS usual_delay,
       ARG_MAX(origin, delay) AS worst_airport
FROM CUMULATE(flights, scheduled, INTERVAL '1' HOUR, INTERVAL '1' DAY)
GROUP BY window_start, window_end;
