-- Stores what alias moves of a model ask for.
UPDATE registered_models SET gate = $2, updated_ms = $3 WHERE model_seq = $1
