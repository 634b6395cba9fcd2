-- The latest metrics of some runs; $1 is a JSON array of their short keys.
SELECT run_seq, key, value, timestamp_ms, step, is_nan FROM latest_metrics
WHERE run_seq IN (SELECT value FROM json_each($1))
ORDER BY run_seq, key
