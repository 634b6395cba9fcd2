-- Begins an event file; nothing happens when another reader did.
INSERT INTO event_files (run_id, file, bytes_read, records, problem, updated_ms)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
