-- The tags of some models; $1 is a JSON array of their keys.
SELECT model_seq, key, value FROM model_tags
WHERE model_seq = ANY (ARRAY(SELECT json_array_elements_text($1::json)::bigint))
ORDER BY model_seq, key
