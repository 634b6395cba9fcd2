-- Where all runs and logged models have their files, deleted ones too.
SELECT artifact_uri FROM runs
UNION ALL
SELECT artifact_uri FROM logged_models
UNION ALL
SELECT artifact_uri FROM model_versions WHERE deleted_ms IS NULL
