-- The newest upload of the same bytes to the same path by the same principal.
SELECT id, path, secret, bytes, sha256, part_bytes, begun_by FROM part_uploads
WHERE path = $1 AND bytes = $2 AND sha256 = $3 AND part_bytes = $4 AND begun_by = $5
ORDER BY touched_ms DESC LIMIT 1
