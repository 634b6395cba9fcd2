-- Makes a registered model with the times it had elsewhere and returns its key.
INSERT INTO registered_models (name, description, created_ms, updated_ms)
VALUES ($1, $2, $3, $4)
RETURNING model_seq
