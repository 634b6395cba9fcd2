-- Marks an experiment as active or deleted.
UPDATE experiments SET lifecycle = $2, updated_ms = $3 WHERE experiment_id = $1
