-- When an airport is busy: spells in which no more than ten minutes pass between two departures.
CREATE TABLE flights (
  scheduled   TIMESTAMP NOT NULL,
  delay       INT,
  distance    INT,
  origin      VARCHAR,
  destination VARCHAR
) WITH (topic = 'flights', format = 'json', event_time = 'scheduled', partition_by = 'origin', arrival = 'arrival');

CREATE VIEW busy_spells AS
SELECT origin, window_start, window_end,
       COUNT(*) AS flights, COUNT(DISTINCT destination) AS destinations, MAX(delay) AS worst
FROM SESSION(TABLE flights PARTITION BY origin, DESCRIPTOR(scheduled), INTERVAL '10' MINUTE)
GROUP BY origin, window_start, window_end;
