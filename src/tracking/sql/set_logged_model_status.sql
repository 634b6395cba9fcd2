-- Moves a logged model to a status.
UPDATE logged_models SET status = $2, updated_ms = $3 WHERE model_id = $1
