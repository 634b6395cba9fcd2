-- The aliases of a registered model.
SELECT CAST(alias AS TEXT), CAST(version AS BIGINT)
FROM registered_model_aliases
WHERE name = $1 AND COALESCE([registered_model_aliases.workspace], 'default') = 'default'
ORDER BY alias
