-- As used_by_versions, of those that were registered or changed since a time.
SELECT m.name, v.version, v.artifact_uri, v.source, v.run_id, v.model_id
FROM model_versions v JOIN registered_models m ON m.model_seq = v.model_seq
WHERE v.updated_ms >= $1 AND v.deleted_ms IS NULL AND m.deleted_ms IS NULL
