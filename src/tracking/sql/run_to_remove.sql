-- One run with its lifecycle, as it is when it is to be removed for good.
SELECT run_seq, run_id, run_name, experiment_id, artifact_uri, deleted_ms, lifecycle
FROM runs
WHERE run_id = $1
  AND experiment_id NOT IN (SELECT experiment_id FROM mounted_experiments)
