-- Removes all tokens of a principal.
DELETE FROM tokens WHERE principal_id = $1
