-- Some runs; $1 is a JSON array of ids.
SELECT CAST(run_uuid AS TEXT), CAST(COALESCE(name, '') AS TEXT),
       CAST(COALESCE(user_id, '') AS TEXT), CAST(COALESCE(status, '') AS TEXT),
       CAST(COALESCE(start_time, 0) AS BIGINT), CAST(end_time AS BIGINT),
       CAST(COALESCE(artifact_uri, '') AS TEXT), CAST(COALESCE(lifecycle_stage, '') AS TEXT),
       CAST(COALESCE([runs.source_name], '') AS TEXT),
       CAST(COALESCE([runs.source_type], '') AS TEXT),
       CAST(COALESCE([runs.entry_point_name], '') AS TEXT),
       CAST(COALESCE([runs.source_version], '') AS TEXT)
FROM runs WHERE run_uuid IN (SELECT value FROM json_each($1))
ORDER BY start_time, run_uuid
