-- Keeps many points of a run at once; $2 is a JSON array of {k, t, s, v, n}. The same point twice is
-- kept once.
INSERT INTO metric_points (run_seq, key, timestamp_ms, step, value, is_nan)
SELECT $1::bigint, p.k, p.t, p.s, p.v, p.n
FROM json_to_recordset($2::json)
  AS p(k text, t bigint, s bigint, v double precision, n bigint)
ON CONFLICT DO NOTHING
