-- The folder that an experiment is shown of, if it is.
SELECT folder FROM mounted_experiments WHERE experiment_id = $1
