-- Moves the cursor of the triggers; it never goes back.
UPDATE loop_cursor SET seq = $1 WHERE seq < $1
