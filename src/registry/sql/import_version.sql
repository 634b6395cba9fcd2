-- Makes a version with the number and times it had elsewhere, or gives the one that is here its
-- present state; no row is changed when the one here is of another source or run.
INSERT INTO model_versions (model_seq, version, description, source, artifact_uri, run_id, run_link,
                            model_id, stage, status, created_ms, updated_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'READY', $10, $11)
ON CONFLICT (model_seq, version) DO UPDATE
SET description = excluded.description, artifact_uri = excluded.artifact_uri,
    run_link = excluded.run_link, model_id = excluded.model_id, stage = excluded.stage
WHERE model_versions.source = excluded.source AND model_versions.run_id = excluded.run_id
  AND model_versions.deleted_ms IS NULL
