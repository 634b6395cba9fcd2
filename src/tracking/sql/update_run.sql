-- Changes status, end and name of a run; a NULL leaves what is there.
UPDATE runs SET status = COALESCE($2, status), end_ms = COALESCE($3, end_ms),
                run_name = COALESCE($4, run_name)
WHERE run_seq = $1
