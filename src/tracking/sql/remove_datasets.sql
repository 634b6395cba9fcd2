-- Removes the datasets of an experiment that goes.
DELETE FROM datasets WHERE experiment_id = $1
