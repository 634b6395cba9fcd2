-- What a write to a run needs to know of it.
SELECT run_seq, lifecycle, experiment_id FROM runs WHERE run_id = $1
