-- The runs that run on a lease, and what is stored as their last sign of life.
SELECT run_seq, lease_ms, lease_renewed_ms FROM runs
WHERE lease_ms IS NOT NULL AND status = 'RUNNING' AND lifecycle = 'active'
ORDER BY run_seq LIMIT $1
