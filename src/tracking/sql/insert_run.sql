-- Makes a run and returns its short key.
INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_ms, end_ms, artifact_uri,
                  lifecycle, written_by)
VALUES ($1, $2, $3, $4, 'RUNNING', $5, NULL, $6, 'active', $7)
RETURNING run_seq
