-- Lists the splits of a dataset's versions, newest first.
SELECT id, dataset, version, name, kind, spec, parts, unassigned_count, created_ms, created_by
FROM splits
WHERE dataset = $1
ORDER BY created_ms DESC, id DESC
LIMIT $2
