-- Gives a model that is shown the description and times it has in its folder.
UPDATE registered_models SET description = $2, created_ms = $3, updated_ms = $4 WHERE model_seq = $1
