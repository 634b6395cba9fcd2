-- Some runs of an experiment, deleted ones too.
SELECT run_seq, run_id FROM runs WHERE experiment_id = $1 LIMIT $2
