-- Notes who wants a running run to be cancelled; the first one counts.
UPDATE pipeline_runs SET cancelled_by = $2
WHERE id = $1 AND state = 'running' AND cancelled_by = ''
