-- Marks a run as active or deleted.
UPDATE runs SET lifecycle = $2, deleted_ms = $3 WHERE run_seq = $1
