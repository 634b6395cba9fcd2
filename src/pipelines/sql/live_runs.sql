-- Which runs have not ended, the oldest first?
SELECT id, pipeline, state FROM pipeline_runs
WHERE state IN ('queued', 'running')
ORDER BY created_ms, id
