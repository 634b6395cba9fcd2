-- One upload in parts.
SELECT id, path, secret, bytes, sha256, part_bytes, begun_by FROM part_uploads WHERE id = $1
