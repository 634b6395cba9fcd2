-- Gives a model another name.
UPDATE registered_models SET name = $2, updated_ms = $3 WHERE model_seq = $1
