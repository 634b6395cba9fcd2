-- The ids of all logged models of an experiment, deleted ones too.
SELECT model_id FROM logged_models WHERE experiment_id = $1
