-- How often a run was compacted.
SELECT count FROM metric_compactions WHERE run_seq = $1
