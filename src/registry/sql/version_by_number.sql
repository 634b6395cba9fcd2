-- One version that is not deleted.
SELECT v.model_seq, v.version, m.name, v.description, v.source, v.artifact_uri, v.run_id,
       v.run_link, v.model_id, v.stage, v.created_ms, v.updated_ms
FROM model_versions v JOIN registered_models m ON m.model_seq = v.model_seq
WHERE m.name = $1 AND v.version = $2 AND m.deleted_ms IS NULL AND v.deleted_ms IS NULL
