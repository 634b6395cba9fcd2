-- The tags of some runs; $1 is a JSON array of their short keys.
SELECT run_seq, key, value FROM run_tags WHERE run_seq IN (SELECT json_array_elements_text($1::json)::bigint)
ORDER BY run_seq, key
