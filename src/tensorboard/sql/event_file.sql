-- How far one event file of a run has been read.
SELECT file, bytes_read, records, problem, updated_ms FROM event_files
WHERE run_id = $1 AND file = $2
