-- Takes all tags from an experiment.
DELETE FROM experiment_tags WHERE experiment_id = $1
