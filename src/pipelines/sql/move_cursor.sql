-- Notes that the triggers have followed the event log up to $1.
UPDATE pipeline_cursor SET seq = $1 WHERE seq < $1
