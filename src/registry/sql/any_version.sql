-- One version, also a deleted one.
SELECT v.model_seq, v.version, m.name, v.description, v.source, v.artifact_uri, v.run_id,
       v.run_link, v.model_id, v.stage, v.created_ms, v.updated_ms
FROM model_versions v JOIN registered_models m ON m.model_seq = v.model_seq
WHERE v.model_seq = $1 AND v.version = $2
