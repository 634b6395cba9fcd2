-- Uploads in parts of which nothing was heard since a time, by id.
SELECT id, path, touched_ms, begun_by FROM part_uploads
WHERE touched_ms < $1 AND id > $2 ORDER BY id LIMIT $3
