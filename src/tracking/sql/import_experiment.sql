-- Makes an experiment with the number it had elsewhere; no row when the number is taken.
INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle, created_ms, updated_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (experiment_id) DO NOTHING
RETURNING experiment_id
