-- The value of one param.
SELECT value FROM run_params WHERE run_seq = $1 AND key = $2
