-- Deleted logged models that are nobody else's, behind an id; they were deleted when they were last
-- changed.
SELECT model_id, name, experiment_id, artifact_uri, updated_ms
FROM logged_models
WHERE lifecycle = 'deleted' AND model_id > $1
  AND experiment_id NOT IN (SELECT experiment_id FROM mounted_experiments)
ORDER BY model_id LIMIT $2
