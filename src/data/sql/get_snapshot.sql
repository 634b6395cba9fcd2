-- Finds one snapshot.
SELECT id, source, location, sha256, bytes, etag, parser, state, error, dataset, version, created_ms
FROM snapshots
WHERE id = $1
