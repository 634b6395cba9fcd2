-- Marks a logged model as deleted.
UPDATE logged_models SET lifecycle = 'deleted', updated_ms = $2 WHERE model_id = $1
