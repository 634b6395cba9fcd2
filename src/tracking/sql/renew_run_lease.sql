-- Stores a sign of life of a run.
UPDATE runs SET lease_renewed_ms = $2 WHERE run_seq = $1
