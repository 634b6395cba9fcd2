-- The runs of an experiment, oldest first.
SELECT CAST(run_uuid AS TEXT) FROM runs WHERE experiment_id = $1 ORDER BY start_time, run_uuid
