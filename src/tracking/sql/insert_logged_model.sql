-- Makes a logged model.
INSERT INTO logged_models (model_id, experiment_id, name, artifact_uri, status, model_type,
                           source_run_id, lifecycle, created_ms, updated_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'active', $8, $8)
