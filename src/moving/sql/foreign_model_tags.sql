-- The tags of a registered model.
SELECT CAST(key AS TEXT), CAST(COALESCE(value, '') AS TEXT)
FROM registered_model_tags
WHERE name = $1 AND COALESCE([registered_model_tags.workspace], 'default') = 'default'
ORDER BY key
