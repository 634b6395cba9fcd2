-- The tags of some runs.
SELECT CAST(run_uuid AS TEXT), CAST(key AS TEXT), CAST(COALESCE(value, '') AS TEXT)
FROM tags WHERE run_uuid IN (SELECT json_array_elements_text($1::json))
ORDER BY run_uuid, key
