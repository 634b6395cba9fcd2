-- The tags of those inputs; $1 is a JSON array of the runs' short keys.
SELECT run_seq, dataset_seq, key, value FROM run_input_tags
WHERE run_seq IN (SELECT value FROM json_each($1))
ORDER BY run_seq, dataset_seq, key
