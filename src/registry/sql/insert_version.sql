-- Makes a version of a model.
INSERT INTO model_versions (model_seq, version, description, source, artifact_uri, run_id, run_link,
                            model_id, stage, status, created_ms, updated_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'None', 'READY', $9, $9)
