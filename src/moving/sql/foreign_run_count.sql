-- How many runs an experiment has.
SELECT COUNT(*) FROM runs WHERE experiment_id = $1
