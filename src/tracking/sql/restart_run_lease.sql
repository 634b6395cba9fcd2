-- Lets the lease of a run count from $2 on, as if it had never been missed.
UPDATE runs SET lease_renewed_ms = $2, lease_missed_ms = NULL
WHERE run_seq = $1 AND lease_ms IS NOT NULL
