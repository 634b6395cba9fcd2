-- Remembers when an experiment was changed last.
UPDATE experiments SET updated_ms = $2 WHERE experiment_id = $1
