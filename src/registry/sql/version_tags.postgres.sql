-- The tags of the versions of some models; $1 is a JSON array of the models' keys.
SELECT model_seq, version, key, value FROM model_version_tags
WHERE model_seq IN (SELECT json_array_elements_text($1::json)::bigint)
ORDER BY model_seq, version, key
