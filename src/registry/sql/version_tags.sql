-- The tags of some versions; $1 is a JSON array of [key of the model, version].
SELECT t.model_seq, t.version, t.key, t.value
FROM json_each($1) p CROSS JOIN model_version_tags t
WHERE t.model_seq = json_extract(p.value, '$[0]') AND t.version = json_extract(p.value, '$[1]')
ORDER BY t.model_seq, t.version, t.key
