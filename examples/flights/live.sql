-- The live months, April to June: about ${rows} flights, always the same ones.
--
-- Input: features, as features.sql makes them.
WITH live AS (SELECT * FROM features WHERE departure >= TIMESTAMP '2001-04-01')
SELECT *
FROM live
WHERE md5_number_lower('live' || flight_id) % 1000000
  < 1000000 * least(1, ${rows} / (SELECT count(*) FROM live))
ORDER BY departure, flight_id
