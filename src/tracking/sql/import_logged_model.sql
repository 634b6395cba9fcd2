-- Makes a logged model with the id it had elsewhere, or gives the one that is here its present state.
INSERT INTO logged_models (model_id, experiment_id, name, artifact_uri, status, model_type,
                           source_run_id, lifecycle, created_ms, updated_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (model_id) DO UPDATE
SET name = excluded.name, artifact_uri = excluded.artifact_uri, status = excluded.status,
    model_type = excluded.model_type, source_run_id = excluded.source_run_id,
    lifecycle = excluded.lifecycle, updated_ms = excluded.updated_ms
WHERE logged_models.experiment_id = excluded.experiment_id
