-- Makes a registered model and returns its key.
INSERT INTO registered_models (name, description, created_ms, updated_ms)
VALUES ($1, $2, $3, $3)
RETURNING model_seq
