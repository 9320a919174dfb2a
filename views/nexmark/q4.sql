-- Nexmark q4. Average price per category: of the highest bid of each auction while it was open.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  id BIGINT,
  category BIGINT,
  expires TIMESTAMP
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q4 AS
SELECT category, AVG(final) AS final
FROM (SELECT MAX(b.price) AS final, a.category
      FROM (SELECT id, category, date_time, expires FROM nexmark WHERE kind = 'auction') AS a
      JOIN (SELECT auction, price, date_time FROM nexmark WHERE kind = 'bid') AS b
        ON a.id = b.auction AND b.date_time BETWEEN a.date_time AND a.expires
      GROUP BY a.id, a.category) AS q
GROUP BY category;
