-- The tags of the versions of a registered model.
SELECT CAST(version AS BIGINT), CAST(key AS TEXT), CAST(COALESCE(value, '') AS TEXT)
FROM model_version_tags
WHERE name = $1 AND COALESCE([model_version_tags.workspace], 'default') = 'default'
ORDER BY version, key
