-- Makes a version that is shown, or gives it the state it has in its folder.
INSERT INTO model_versions (model_seq, version, description, source, artifact_uri, run_id, run_link,
                            model_id, stage, status, created_ms, updated_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'READY', $10, $11)
ON CONFLICT (model_seq, version) DO UPDATE
SET description = excluded.description, source = excluded.source,
    artifact_uri = excluded.artifact_uri, run_id = excluded.run_id, run_link = excluded.run_link,
    model_id = excluded.model_id, stage = excluded.stage, created_ms = excluded.created_ms,
    updated_ms = excluded.updated_ms, deleted_ms = NULL
