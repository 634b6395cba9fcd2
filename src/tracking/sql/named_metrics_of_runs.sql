-- Named latest metrics of some runs; $1 is a JSON array of their short keys, $2 one of the names.
SELECT run_seq, key, value, timestamp_ms, step, is_nan FROM latest_metrics
WHERE run_seq IN (SELECT value FROM json_each($1)) AND key IN (SELECT value FROM json_each($2))
ORDER BY run_seq, key
