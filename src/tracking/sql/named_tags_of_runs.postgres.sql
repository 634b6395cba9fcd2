-- Named tags of some runs; $1 is a JSON array of their short keys, $2 one of the names.
SELECT run_seq, key, value FROM run_tags
WHERE run_seq = ANY (ARRAY(SELECT json_array_elements_text($1::json)::bigint))
  AND key = ANY (ARRAY(SELECT json_array_elements_text($2::json)))
ORDER BY run_seq, key
