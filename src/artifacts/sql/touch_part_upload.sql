-- Notes that an upload goes on.
UPDATE part_uploads SET touched_ms = $2 WHERE id = $1
