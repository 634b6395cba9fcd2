-- Gives an experiment another name.
UPDATE experiments SET name = $2, updated_ms = $3 WHERE experiment_id = $1
