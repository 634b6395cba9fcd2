-- Pauses or resumes a monitor.
UPDATE monitors SET state = $2, updated_ms = $3 WHERE name = $1
