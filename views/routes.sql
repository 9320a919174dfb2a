-- Every route over all time: how often it was flown, how late, and how far that varies. No window.
CREATE TABLE flights (
  scheduled   TIMESTAMP NOT NULL,
  delay       INT,
  distance    INT,
  origin      VARCHAR,
  destination VARCHAR
) WITH (topic = 'flights', format = 'json', event_time = 'scheduled', partition_by = 'origin', arrival = 'arrival');

CREATE VIEW routes AS
SELECT origin, destination,
       COUNT(*) AS flights, AVG(delay) AS mean_delay, STDDEV(delay) AS spread, MAX(distance) AS miles
FROM flights
GROUP BY origin, destination;
