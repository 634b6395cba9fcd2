-- Finds a split by its name on a version.
SELECT id, dataset, version, name, kind, spec, parts, unassigned_count, created_ms, created_by
FROM splits
WHERE dataset = $1 AND version = $2 AND name = $3
