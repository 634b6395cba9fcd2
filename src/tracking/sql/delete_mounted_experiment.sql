-- Forgets of which folder an experiment was shown.
DELETE FROM mounted_experiments WHERE experiment_id = $1
