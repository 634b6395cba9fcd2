-- The numbers of a registered model's deleted versions.
SELECT CAST(version AS BIGINT)
FROM model_versions
WHERE name = $1 AND current_stage = 'Deleted_Internal'
  AND COALESCE([model_versions.workspace], 'default') = 'default'
ORDER BY version
