-- The logged models of an experiment, oldest first.
SELECT CAST(model_id AS TEXT), CAST(name AS TEXT), CAST(artifact_location AS TEXT),
       CAST(status AS BIGINT), CAST(COALESCE(model_type, '') AS TEXT),
       CAST(COALESCE(source_run_id, '') AS TEXT), CAST(COALESCE(lifecycle_stage, '') AS TEXT),
       CAST(creation_timestamp_ms AS BIGINT), CAST(last_updated_timestamp_ms AS BIGINT)
FROM logged_models WHERE experiment_id = $1 ORDER BY creation_timestamp_ms, model_id
