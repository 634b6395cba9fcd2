-- Gives a shown experiment the state that it has in its folder.
UPDATE experiments
SET name = $2, artifact_location = $3, lifecycle = $4, created_ms = $5, updated_ms = $6
WHERE experiment_id = $1
