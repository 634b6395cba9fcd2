-- Makes a run and returns its short key; $8 is its lease, if it has one, and $9 is now.
INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_ms, end_ms, artifact_uri,
                  lifecycle, written_by, lease_ms, lease_renewed_ms)
VALUES ($1, $2, $3, $4, 'RUNNING', $5, NULL, $6, 'active', $7, $8, $9)
RETURNING run_seq
