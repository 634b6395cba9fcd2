-- Keeps many points of a run at once; $2 is a JSON array of {k, t, s, v, n}. The same point twice is
-- kept once.
INSERT INTO metric_points (run_seq, key, timestamp_ms, step, value, is_nan)
SELECT $1, json_extract(p.value, '$.k'), json_extract(p.value, '$.t'), json_extract(p.value, '$.s'),
       json_extract(p.value, '$.v'), json_extract(p.value, '$.n')
FROM json_each($2) p WHERE true
ON CONFLICT DO NOTHING
