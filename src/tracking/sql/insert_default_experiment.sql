-- Makes experiment 0 when it is not there yet.
INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle, created_ms, updated_ms)
VALUES (0, 'Default', $1, 'active', $2, $2)
ON CONFLICT DO NOTHING
