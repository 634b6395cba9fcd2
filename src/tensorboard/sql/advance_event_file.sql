-- Moves the mark of an event file on from where the reader believes it is ($7).
UPDATE event_files SET bytes_read = $3, records = $4, problem = $5, updated_ms = $6
WHERE run_id = $1 AND file = $2 AND bytes_read = $7
