-- Marks a model as deleted.
UPDATE registered_models SET deleted_ms = $2, updated_ms = $2 WHERE model_seq = $1
