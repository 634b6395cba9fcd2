-- One run by its id.
SELECT run_seq, run_id, experiment_id, run_name, user_id, status, start_ms, end_ms, artifact_uri,
       lifecycle
FROM runs WHERE run_id = $1
