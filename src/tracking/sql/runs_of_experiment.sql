-- The runs of an experiment, deleted or not, behind a key.
SELECT run_seq, run_id, run_name, experiment_id, artifact_uri, deleted_ms
FROM runs WHERE experiment_id = $1 AND run_seq > $2
ORDER BY run_seq LIMIT $3
