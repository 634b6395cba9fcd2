-- Finds the newest snapshot of a source for a dataset.
SELECT id, source, location, sha256, bytes, etag, parser, state, error, dataset, version, created_ms
FROM snapshots
WHERE source = $1 AND dataset = $2
ORDER BY created_ms DESC, id DESC
LIMIT 1
