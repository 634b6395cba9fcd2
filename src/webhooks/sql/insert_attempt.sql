-- Adds an attempt to the log.
INSERT INTO webhook_attempts (delivery_seq, number, started_ms, duration_ms, status, error, response)
VALUES ($1, $2, $3, $4, $5, $6, $7)
