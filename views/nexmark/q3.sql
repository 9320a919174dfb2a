-- Nexmark q3. Local item suggestion: who sells in category 10 in three states, with the numbers of the auctions.
-- A join over all time: what it needs of persons and auctions is kept as rows.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  id BIGINT,
  name VARCHAR,
  city VARCHAR,
  state VARCHAR,
  seller BIGINT,
  category BIGINT
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q3 AS
SELECT p.name, p.city, p.state, a.id
FROM (SELECT id, seller FROM nexmark WHERE kind = 'auction' AND category = 10) AS a
JOIN (SELECT id, name, city, state FROM nexmark
      WHERE kind = 'person' AND state IN ('or', 'id', 'ca')) AS p ON a.seller = p.id;
