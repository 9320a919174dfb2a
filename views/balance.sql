-- Which hubs fill up: arrivals against departures, per city and six hours. Two folds of one topic,
-- joined with each other and with a file when they are read.
CREATE TABLE flights (
  scheduled   TIMESTAMP NOT NULL,
  delay       INT,
  distance    INT,
  origin      VARCHAR,
  destination VARCHAR
) WITH (topic = 'flights', format = 'json', event_time = 'scheduled', partition_by = 'origin', arrival = 'arrival');

CREATE TABLE hubs (code VARCHAR NOT NULL, city VARCHAR) WITH (path = 'hubs.csv');

CREATE VIEW departures AS
SELECT origin AS airport, window_start, COUNT(*) AS flights
FROM TUMBLE(flights, scheduled, INTERVAL '6' HOUR)
GROUP BY origin, window_start, window_end;

CREATE VIEW arrivals AS
SELECT destination AS airport, window_start, COUNT(*) AS flights
FROM TUMBLE(flights, scheduled, INTERVAL '6' HOUR)
GROUP BY destination, window_start, window_end;

CREATE VIEW balance AS
SELECT d.window_start, h.city, SUM(a.flights) AS came, SUM(d.flights) AS went,
       SUM(a.flights) - SUM(d.flights) AS stay
FROM departures AS d
JOIN arrivals AS a ON a.airport = d.airport AND a.window_start = d.window_start
JOIN hubs AS h ON h.code = d.airport
GROUP BY d.window_start, h.city;
