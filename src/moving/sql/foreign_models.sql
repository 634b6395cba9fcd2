-- The registered models of the default workspace.
SELECT CAST(name AS TEXT), CAST(description AS TEXT), CAST(creation_time AS BIGINT),
       CAST(last_updated_time AS BIGINT)
FROM registered_models
WHERE COALESCE([registered_models.workspace], 'default') = 'default'
ORDER BY name
