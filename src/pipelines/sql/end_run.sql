-- Ends a run that is live.
UPDATE pipeline_runs SET state = $2, message = $3, ended_ms = $4
WHERE id = $1 AND state IN ('queued', 'running')
