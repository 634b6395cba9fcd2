-- Gives an imported experiment the lifecycle and times it had elsewhere.
UPDATE experiments SET lifecycle = $2, created_ms = $3, updated_ms = $4 WHERE experiment_id = $1
