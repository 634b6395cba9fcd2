-- The tags of the versions of some models; $1 is a JSON array of the models' keys.
SELECT model_seq, version, key, value FROM model_version_tags
WHERE model_seq IN (SELECT value FROM json_each($1))
ORDER BY model_seq, version, key
