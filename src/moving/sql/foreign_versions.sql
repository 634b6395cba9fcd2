-- The versions of a registered model; a deleted one keeps its row under a stage of its own.
SELECT CAST(version AS BIGINT), CAST(description AS TEXT), CAST(COALESCE(source, '') AS TEXT),
       CAST(COALESCE([model_versions.storage_location], source, '') AS TEXT),
       CAST(COALESCE(run_id, '') AS TEXT), CAST(COALESCE([model_versions.run_link], '') AS TEXT),
       CAST(COALESCE(current_stage, 'None') AS TEXT), CAST(COALESCE(creation_time, 0) AS BIGINT),
       CAST(COALESCE(last_updated_time, creation_time, 0) AS BIGINT)
FROM model_versions
WHERE name = $1 AND COALESCE(current_stage, 'None') <> 'Deleted_Internal'
  AND COALESCE([model_versions.workspace], 'default') = 'default'
ORDER BY version
