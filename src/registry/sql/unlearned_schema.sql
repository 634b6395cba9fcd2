-- Where the files are of a version of which it is not known what it takes and gives.
SELECT v.model_seq, v.artifact_uri
FROM registered_models m JOIN model_versions v ON v.model_seq = m.model_seq
WHERE m.name = $1 AND m.deleted_ms IS NULL AND v.version = $2 AND v.deleted_ms IS NULL
  AND v.schema IS NULL
