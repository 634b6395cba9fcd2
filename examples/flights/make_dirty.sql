-- Makes data/dirty_flights.csv: about 5,000 real flights, always the same, with planted dirt. Each
-- kind of dirt takes every row whose number falls on its own remainder, so it can be counted:
--   missing origin, missing delay, code in lower case, code of four letters, unknown code "???",
--   origin equal to destination, negative and zero distance, delay of 9999 minutes,
--   date in the next century, and whole rows repeated.
-- Input: flights.
WITH chosen AS (
  SELECT *, row_number() OVER (ORDER BY date, origin, destination, delay) AS n
  FROM (SELECT DISTINCT date, delay, distance, origin, destination FROM flights)
  WHERE md5_number_lower(strftime(date, '%Y%m%d%H%M') || origin || destination || delay) % 600 = 0
),
dirty AS (
  SELECT
    n,
    CASE WHEN n % 200 = 1 THEN date + INTERVAL 100 YEARS ELSE date END AS date,
    CASE WHEN n % 100 = 3 THEN NULL WHEN n % 100 = 5 THEN 9999 ELSE delay END AS delay,
    CASE WHEN n % 100 = 7 THEN -distance WHEN n % 250 = 9 THEN 0 ELSE distance END AS distance,
    CASE
      WHEN n % 100 = 11 THEN NULL
      WHEN n % 100 = 13 THEN lower(origin)
      WHEN n % 100 = 17 THEN 'K' || origin
      WHEN n % 100 = 19 THEN '???'
      ELSE origin
    END AS origin,
    CASE WHEN n % 100 = 23 THEN origin ELSE destination END AS destination
  FROM chosen
)
SELECT strftime(date, '%Y-%m-%d %H:%M:%S') AS date, delay, distance, origin, destination
FROM (SELECT *, 1 AS copy FROM dirty UNION ALL SELECT *, 2 AS copy FROM dirty WHERE n % 50 = 29)
ORDER BY n, copy
