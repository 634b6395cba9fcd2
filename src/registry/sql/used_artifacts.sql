-- Where the files of all model versions are that were not deleted.
SELECT m.name, v.version, v.artifact_uri
FROM model_versions v JOIN registered_models m ON m.model_seq = v.model_seq
WHERE v.deleted_ms IS NULL
