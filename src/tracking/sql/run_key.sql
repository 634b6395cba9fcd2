-- What a write to a run needs to know of it; the lease only while it counts.
SELECT run_seq, lifecycle, experiment_id, CASE status WHEN 'RUNNING' THEN lease_ms END,
       lease_renewed_ms
FROM runs WHERE run_id = $1
