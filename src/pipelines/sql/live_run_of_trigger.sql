-- Is a run that this trigger started still queued or running?
SELECT id FROM pipeline_runs
WHERE pipeline = $1 AND trigger_number = $2 AND state IN ('queued', 'running')
LIMIT 1
