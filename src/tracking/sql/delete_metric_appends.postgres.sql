-- Removes appends that were compacted; $2 is a JSON array of their numbers.
DELETE FROM metric_appends
WHERE run_seq = $1 AND append_seq IN (SELECT json_array_elements_text($2::json)::bigint)
