-- Nexmark q21. Add channel id: the number of the channel, by its name or as its address says.
CREATE TABLE nexmark (
  kind VARCHAR NOT NULL,
  date_time TIMESTAMP NOT NULL,
  auction BIGINT,
  bidder BIGINT,
  price BIGINT,
  channel VARCHAR,
  url VARCHAR
) WITH (topic = 'nexmark', format = 'json', event_time = 'date_time');

CREATE VIEW q21 AS
SELECT auction, bidder, price, channel,
       CASE lower(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1'
                           WHEN 'facebook' THEN '2' WHEN 'baidu' THEN '3'
                           ELSE split_part(split_part(url, 'channel_id=', 2), '&', 1) END AS channel_id
FROM nexmark
WHERE kind = 'bid'
  AND (url LIKE '%channel_id=%' OR lower(channel) IN ('apple', 'google', 'facebook', 'baidu'));
