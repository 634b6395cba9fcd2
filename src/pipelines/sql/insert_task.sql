-- Adds a task of a new run.
INSERT INTO pipeline_tasks (run, name, position, needs, state, outputs, message, not_before_ms)
VALUES ($1, $2, $3, $4, 'pending', '{}', '', 0)
