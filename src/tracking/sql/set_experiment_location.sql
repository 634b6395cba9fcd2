-- Gives an experiment its default artifact location, which holds its number.
UPDATE experiments SET artifact_location = $2 WHERE experiment_id = $1
