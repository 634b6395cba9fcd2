-- One row a flight, with what is known when it leaves and the label that is known when it has landed.
--
-- Inputs: flights (date, delay, distance, origin, destination) and airports (iata, latitude,
-- longitude, …). ${sample} keeps one flight of that many, always the same ones; 1 keeps all.
--
-- `date` is the time of departure. `delay` is the delay at the ARRIVAL, so it may be used as history
-- only once the earlier flight has landed. The data has no time of arrival; it is estimated to be
-- late rather than early: 30 minutes on the ground, 7.5 miles a minute, and the whole delay on top.
-- History of an hour is what landed before that hour began.
WITH numbered AS (
  SELECT
    *,
    row_number() OVER same AS number,
    date + to_minutes(CAST(ceil(30 + distance / 7.5 + greatest(delay, 0)) AS BIGINT)) AS landed
  FROM flights
  -- The file's last 6 rows are midnight flights of 1 July; 191 rows are copies of another.
  WHERE date < TIMESTAMP '2001-07-01'
  WINDOW same AS (PARTITION BY date, origin, destination ORDER BY delay)
  QUALIFY lag(delay) OVER same IS DISTINCT FROM delay
),
-- Landings by hour, at the airport of arrival and of those that had left an airport, each counted
-- for the three hours that follow.
arrived_by_hour AS (
  SELECT
    date_trunc('hour', landed) AS hour, destination AS airport,
    count(*) AS flights, sum(delay) AS delay, count(*) FILTER (delay > 15) AS late
  FROM numbered
  GROUP BY ALL
),
arrived AS (
  SELECT
    hour + to_hours(step) AS hour, airport, sum(flights) AS flights,
    sum(delay) / sum(flights) AS mean_delay, sum(late) / sum(flights) AS late_share
  FROM arrived_by_hour, (VALUES (1), (2), (3)) AS steps (step)
  GROUP BY ALL
),
departed_by_hour AS (
  SELECT
    date_trunc('hour', landed) AS hour, origin AS airport, count(*) AS flights, sum(delay) AS delay
  FROM numbered
  GROUP BY ALL
),
departed AS (
  SELECT hour + to_hours(step) AS hour, airport, sum(delay) / sum(flights) AS mean_delay
  FROM departed_by_hour, (VALUES (1), (2), (3)) AS steps (step)
  GROUP BY ALL
),
network AS (
  SELECT hour + to_hours(step) AS hour, sum(late) / sum(flights) AS late_share
  FROM arrived_by_hour, (VALUES (1), (2), (3)) AS steps (step)
  GROUP BY ALL
),
-- Landings by route and day, counted for the seven days that follow them.
route_by_day AS (
  SELECT
    CAST(landed AS DATE) AS day, origin, destination, count(*) AS flights, sum(delay) AS delay
  FROM numbered
  GROUP BY ALL
),
route AS (
  SELECT day + CAST(step AS INTEGER) AS day, origin, destination,
    sum(delay) / sum(flights) AS mean_delay
  FROM route_by_day, range(1, 8) AS steps (step)
  GROUP BY ALL
),
sampled AS (
  SELECT
    *, date_trunc('hour', date) AS hour,
    strftime(date, '%Y%m%d-%H%M-') || origin || '-' || destination || '-' || number AS flight_id
  FROM numbered
  WHERE ${sample} = 1 OR md5_number_lower(flight_id) % ${sample} = 0
)
SELECT
  f.flight_id,
  f.date AS departure,
  f.origin,
  f.destination,
  CAST(extract(hour FROM f.date) * 60 + extract(minute FROM f.date) AS FLOAT) AS minute_of_day,
  CAST(isodow(f.date) AS FLOAT) AS day_of_week,
  CAST(f.distance AS FLOAT) AS distance,
  CAST(a.latitude AS FLOAT) AS origin_latitude,
  CAST(a.longitude AS FLOAT) AS origin_longitude,
  CAST(b.latitude AS FLOAT) AS destination_latitude,
  CAST(b.longitude AS FLOAT) AS destination_longitude,
  CAST(oa.flights AS FLOAT) AS origin_arrivals_3h,
  CAST(oa.mean_delay AS FLOAT) AS origin_arrivals_mean_delay_3h,
  CAST(oa.late_share AS FLOAT) AS origin_arrivals_late_share_3h,
  CAST(od.mean_delay AS FLOAT) AS origin_departures_mean_delay_3h,
  CAST(da.mean_delay AS FLOAT) AS destination_arrivals_mean_delay_3h,
  CAST(n.late_share AS FLOAT) AS network_late_share_3h,
  CAST(r.mean_delay AS FLOAT) AS route_mean_delay_7d,
  CAST(f.delay > 15 AS INTEGER) AS late,
  f.landed AS outcome_known_at
FROM sampled f
LEFT JOIN airports a ON a.iata = f.origin
LEFT JOIN airports b ON b.iata = f.destination
LEFT JOIN arrived oa ON oa.airport = f.origin AND oa.hour = f.hour
LEFT JOIN departed od ON od.airport = f.origin AND od.hour = f.hour
LEFT JOIN arrived da ON da.airport = f.destination AND da.hour = f.hour
LEFT JOIN network n ON n.hour = f.hour
LEFT JOIN route r
  ON r.origin = f.origin AND r.destination = f.destination AND r.day = CAST(f.date AS DATE)
ORDER BY departure, flight_id
