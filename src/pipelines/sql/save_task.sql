-- Moves a task to another state.
UPDATE pipeline_tasks
SET state = $3, outputs = $4, message = $5, not_before_ms = $6, started_ms = $7, ended_ms = $8
WHERE run = $1 AND name = $2
