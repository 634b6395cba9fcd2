-- Which run of a pipeline is the next?
SELECT id FROM pipeline_runs WHERE pipeline = $1 AND state = 'queued' ORDER BY created_ms, id LIMIT 1
