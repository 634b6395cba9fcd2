-- All points of some runs; NaN is 0 with a mark.
SELECT CAST(run_uuid AS TEXT), CAST(key AS TEXT), CAST(COALESCE(value, 0) AS DOUBLE PRECISION),
       CAST(COALESCE(timestamp, 0) AS BIGINT), CAST(COALESCE([metrics.step], 0) AS BIGINT),
       CAST(COALESCE(CAST([metrics.is_nan] AS INTEGER), 0) AS BIGINT)
FROM metrics WHERE run_uuid IN (SELECT value FROM json_each($1))
ORDER BY run_uuid, key
