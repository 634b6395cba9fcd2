-- Moves the cursor from $1 to $2; changes nothing when another server has moved it.
UPDATE webhook_cursor SET seq = $2 WHERE seq = $1
