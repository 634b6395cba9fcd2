-- Remembers when a model was changed last.
UPDATE registered_models SET updated_ms = $2 WHERE model_seq = $1
