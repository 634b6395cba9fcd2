-- One experiment with its lifecycle, as it is when it is to be removed for good.
SELECT experiment_id, name, artifact_location, updated_ms, lifecycle
FROM experiments
WHERE experiment_id = $1
  AND experiment_id NOT IN (SELECT experiment_id FROM mounted_experiments)
