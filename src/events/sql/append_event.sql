-- Appends an event and tells its place in the log.
INSERT INTO events (time_ms, kind, subject, who, payload) VALUES ($1, $2, $3, $4, $5) RETURNING seq
