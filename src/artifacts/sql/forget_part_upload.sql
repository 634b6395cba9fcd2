-- Forgets an upload in parts.
DELETE FROM part_uploads WHERE id = $1
