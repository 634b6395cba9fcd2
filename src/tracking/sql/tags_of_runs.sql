-- The tags of some runs; $1 is a JSON array of their short keys.
SELECT run_seq, key, value FROM run_tags WHERE run_seq IN (SELECT value FROM json_each($1))
ORDER BY run_seq, key
