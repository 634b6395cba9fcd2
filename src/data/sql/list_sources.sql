-- Lists sources by name behind $1.
SELECT name, kind, dataset, config, created_ms, created_by
FROM sources
WHERE name > $1
ORDER BY name
LIMIT $2
