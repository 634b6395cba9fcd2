-- Finds one split.
SELECT id, dataset, version, name, kind, spec, parts, unassigned_count, created_ms, created_by
FROM splits
WHERE id = $1
