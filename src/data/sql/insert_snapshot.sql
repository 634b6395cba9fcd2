-- Records raw bytes that were archived.
INSERT INTO snapshots (id, source, location, sha256, bytes, etag, parser, state, error, dataset,
  version, created_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'archived', '', $8, 0, $9)
