-- The datasets that some runs took in; $1 is a JSON array of their short keys.
SELECT i.run_seq, i.dataset_seq, d.name, d.digest, d.source_type, d.source, d.schema, d.profile
FROM run_inputs i JOIN datasets d ON d.dataset_seq = i.dataset_seq
WHERE i.run_seq IN (SELECT json_array_elements_text($1::json)::bigint)
ORDER BY i.run_seq, i.dataset_seq
