-- The aliases of some models; $1 is a JSON array of their keys.
SELECT model_seq, alias, version FROM model_aliases
WHERE model_seq = ANY (ARRAY(SELECT json_array_elements_text($1::json)::bigint))
ORDER BY model_seq, alias
