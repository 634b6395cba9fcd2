-- Remembers size and checksum of a stored file.
INSERT INTO artifacts (path, bytes, sha256, stored_ms, stored_by, version)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (path) DO UPDATE
SET bytes = excluded.bytes, sha256 = excluded.sha256, stored_ms = excluded.stored_ms,
    stored_by = excluded.stored_by, version = excluded.version, damaged_ms = 0
