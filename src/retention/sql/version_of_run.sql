-- Whether a model version came out of a run.
SELECT version FROM model_versions WHERE run_id = $1 AND deleted_ms IS NULL LIMIT 1
