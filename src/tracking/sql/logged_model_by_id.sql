-- One logged model by its id.
SELECT model_id, experiment_id, name, artifact_uri, status, model_type, source_run_id, lifecycle,
       created_ms, updated_ms
FROM logged_models WHERE model_id = $1
