-- One experiment by its number.
SELECT experiment_id, name, artifact_location, lifecycle, created_ms, updated_ms
FROM experiments WHERE experiment_id = $1
