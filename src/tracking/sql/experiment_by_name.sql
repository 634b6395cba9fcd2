-- One experiment by its name, deleted ones too.
SELECT experiment_id, name, artifact_location, lifecycle, created_ms, updated_ms
FROM experiments WHERE name = $1
