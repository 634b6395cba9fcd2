-- Which tasks has a run, in their order?
SELECT name, needs, state, outputs, message, not_before_ms, started_ms, ended_ms
FROM pipeline_tasks WHERE run = $1 ORDER BY position
