-- Makes a run with the id it had elsewhere, or gives the one that is here its present state; returns
-- its short key. Nobody here knows its process, so it has no lease.
INSERT INTO runs (run_id, experiment_id, run_name, user_id, status, start_ms, end_ms, artifact_uri,
                  lifecycle, deleted_ms, written_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (run_id) DO UPDATE
SET run_name = excluded.run_name, user_id = excluded.user_id, status = excluded.status,
    start_ms = excluded.start_ms, end_ms = excluded.end_ms, artifact_uri = excluded.artifact_uri,
    lifecycle = excluded.lifecycle, deleted_ms = excluded.deleted_ms,
    lease_ms = NULL, lease_renewed_ms = NULL, lease_missed_ms = NULL
WHERE runs.experiment_id = excluded.experiment_id
RETURNING run_seq
