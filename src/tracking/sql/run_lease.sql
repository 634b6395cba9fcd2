-- The lease of a run and what it led to.
SELECT r.run_seq, r.lifecycle, r.status, r.lease_ms, r.lease_renewed_ms, r.lease_missed_ms, t.value
FROM runs r LEFT JOIN run_tags t ON t.run_seq = r.run_seq AND t.key = $2
WHERE r.run_id = $1
