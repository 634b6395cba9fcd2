-- Removes an experiment that holds nothing any more.
DELETE FROM experiments WHERE experiment_id = $1
