-- What a write to a run needs to know of it; the lease only while it counts, and the folder that it
-- is shown of, where nobody may write.
SELECT r.run_seq, r.lifecycle, r.experiment_id, CASE r.status WHEN 'RUNNING' THEN r.lease_ms END,
       r.lease_renewed_ms, m.folder
FROM runs r LEFT JOIN mounted_experiments m ON m.experiment_id = r.experiment_id
WHERE r.run_id = $1
