-- Lets a run that was marked dead go on; its lease counts from $4 on.
UPDATE runs SET status = $2, end_ms = $3, lease_renewed_ms = $4, lease_missed_ms = NULL
WHERE run_seq = $1
