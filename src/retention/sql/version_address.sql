-- Where the files of a model version are, of the newest model of that name.
SELECT v.artifact_uri
FROM model_versions v JOIN registered_models m ON m.model_seq = v.model_seq
WHERE m.name = $1 AND CAST(v.version AS TEXT) = $2
ORDER BY m.model_seq DESC LIMIT 1
