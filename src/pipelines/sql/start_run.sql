-- Takes a run out of the queue.
UPDATE pipeline_runs SET state = 'running', started_ms = $2 WHERE id = $1 AND state = 'queued'
