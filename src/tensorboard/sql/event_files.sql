-- The event files of a run.
SELECT file, bytes_read, records, problem, updated_ms FROM event_files
WHERE run_id = $1 ORDER BY file LIMIT $2
