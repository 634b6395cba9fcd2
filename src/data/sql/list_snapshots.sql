-- Lists the snapshots of a source, newest first.
SELECT id, source, location, sha256, bytes, etag, parser, state, error, dataset, version, created_ms
FROM snapshots
WHERE source = $1
ORDER BY created_ms DESC, id DESC
LIMIT $2
