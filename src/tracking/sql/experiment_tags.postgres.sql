-- The tags of some experiments; $1 is a JSON array of their numbers.
SELECT experiment_id, key, value FROM experiment_tags
WHERE experiment_id IN (SELECT json_array_elements_text($1::json)::bigint)
ORDER BY experiment_id, key
