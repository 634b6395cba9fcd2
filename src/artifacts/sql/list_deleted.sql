-- Deleted files and folders, the longest deleted first, behind a place in that order.
SELECT id, path, deleted_ms, deleted_by FROM deleted_artifacts
WHERE deleted_ms > $1 OR (deleted_ms = $1 AND id > $2)
ORDER BY deleted_ms, id LIMIT $3
