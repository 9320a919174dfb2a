-- The flights that left more than three hours late, one row each: no aggregate, and no window.
CREATE TABLE flights (
  scheduled   TIMESTAMP NOT NULL,
  delay       INT,
  distance    INT,
  origin      VARCHAR,
  destination VARCHAR
) WITH (topic = 'flights', format = 'json', event_time = 'scheduled', partition_by = 'origin', arrival = 'arrival');

CREATE VIEW long_delays AS
SELECT scheduled, origin, destination, delay / 60 AS hours, delay % 60 AS minutes
FROM flights
WHERE delay > 180;
