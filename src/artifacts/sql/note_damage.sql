-- Marks a version of a file as damaged, unless it is already.
UPDATE artifacts SET damaged_ms = $3 WHERE path = $1 AND version = $2 AND damaged_ms = 0
