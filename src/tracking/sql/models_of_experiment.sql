-- The logged models of an experiment, deleted or not.
SELECT model_id, name, experiment_id, artifact_uri, updated_ms
FROM logged_models WHERE experiment_id = $1 ORDER BY model_id
