-- Makes an experiment and returns its number; no row when the name is taken.
INSERT INTO experiments (name, artifact_location, lifecycle, created_ms, updated_ms)
VALUES ($1, $2, 'active', $3, $3)
ON CONFLICT (name) DO NOTHING
RETURNING experiment_id
