-- Deleted runs that are nobody else's, behind a key.
SELECT run_seq, run_id, run_name, experiment_id, artifact_uri, deleted_ms
FROM runs
WHERE lifecycle = 'deleted' AND run_seq > $1
  AND experiment_id NOT IN (SELECT experiment_id FROM mounted_experiments)
ORDER BY run_seq LIMIT $2
