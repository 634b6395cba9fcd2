-- Remembers what was deleted, before it is moved away.
INSERT INTO deleted_artifacts (id, path, deleted_ms, deleted_by) VALUES ($1, $2, $3, $4)
