-- Finds one source.
SELECT name, kind, dataset, config, created_ms, created_by
FROM sources
WHERE name = $1
