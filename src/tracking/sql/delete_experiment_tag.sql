-- Removes a tag of an experiment.
DELETE FROM experiment_tags WHERE experiment_id = $1 AND key = $2
