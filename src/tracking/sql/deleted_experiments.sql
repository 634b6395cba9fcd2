-- Deleted experiments that are nobody else's, behind a number; they were deleted when they were last
-- changed.
SELECT experiment_id, name, artifact_location, updated_ms
FROM experiments
WHERE lifecycle = 'deleted' AND experiment_id > $1
  AND experiment_id NOT IN (SELECT experiment_id FROM mounted_experiments)
ORDER BY experiment_id LIMIT $2
