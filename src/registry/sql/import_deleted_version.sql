-- Keeps the number of a version that was deleted elsewhere, so that it is not given again.
INSERT INTO model_versions (model_seq, version, source, artifact_uri, run_id, run_link, stage, status,
                            created_ms, updated_ms, deleted_ms)
VALUES ($1, $2, '', '', '', '', 'None', 'READY', $3, $3, $3)
ON CONFLICT (model_seq, version) DO NOTHING
