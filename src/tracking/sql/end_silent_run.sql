-- Marks a run dead at $3 unless it gave a sign of life since $2 or has ended otherwise. It ended
-- with its last sign of life.
UPDATE runs SET status = 'FAILED', lease_missed_ms = $3,
       end_ms = CASE WHEN lease_renewed_ms > start_ms THEN lease_renewed_ms ELSE start_ms END
WHERE run_seq = $1 AND lease_renewed_ms = $2 AND status = 'RUNNING' AND lifecycle = 'active'
RETURNING run_id, experiment_id, run_name
