-- Sets the description of a model.
UPDATE registered_models SET description = $2, updated_ms = $3 WHERE model_seq = $1
