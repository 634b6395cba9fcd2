-- The versions of a model whose files passed the scan, and where these files were.
SELECT v.version, v.artifact_uri
FROM registered_models m
JOIN model_versions v ON v.model_seq = m.model_seq
JOIN model_version_checks c ON c.model_seq = v.model_seq AND c.version = v.version
WHERE m.name = $1 AND m.deleted_ms IS NULL AND v.deleted_ms IS NULL AND c.name = $2 AND c.passed = 1
