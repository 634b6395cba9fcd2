-- Begins an upload in parts.
INSERT INTO part_uploads (id, path, secret, bytes, sha256, part_bytes, begun_by, touched_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
