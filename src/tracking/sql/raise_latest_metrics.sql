-- Makes points the latest of their metrics where no later ones are known: the greatest step, then
-- time, then value. $2 is a JSON array of {k, t, s, v, n}, one for each key.
INSERT INTO latest_metrics (run_seq, key, timestamp_ms, step, value, is_nan)
SELECT $1, json_extract(p.value, '$.k'), json_extract(p.value, '$.t'), json_extract(p.value, '$.s'),
       json_extract(p.value, '$.v'), json_extract(p.value, '$.n')
FROM json_each($2) p WHERE true
ON CONFLICT (run_seq, key) DO UPDATE
SET timestamp_ms = excluded.timestamp_ms, step = excluded.step, value = excluded.value,
    is_nan = excluded.is_nan
WHERE (excluded.step, excluded.timestamp_ms, excluded.value) >
      (latest_metrics.step, latest_metrics.timestamp_ms, latest_metrics.value)
