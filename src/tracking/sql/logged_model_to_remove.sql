-- One logged model with its lifecycle, as it is when it is to be removed for good.
SELECT model_id, name, experiment_id, artifact_uri, updated_ms, lifecycle
FROM logged_models
WHERE model_id = $1
  AND experiment_id NOT IN (SELECT experiment_id FROM mounted_experiments)
