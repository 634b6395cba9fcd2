-- The tags of some runs.
SELECT CAST(run_uuid AS TEXT), CAST(key AS TEXT), CAST(COALESCE(value, '') AS TEXT)
FROM tags WHERE run_uuid IN (SELECT value FROM json_each($1))
ORDER BY run_uuid, key
