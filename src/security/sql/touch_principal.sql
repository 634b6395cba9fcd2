-- Notes that a principal changed.
UPDATE principals SET updated_ms = $2 WHERE principal_id = $1
