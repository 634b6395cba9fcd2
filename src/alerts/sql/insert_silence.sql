-- Adds a silence.
INSERT INTO alert_silences (id, matchers, starts_ms, ends_ms, who, comment, created_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7)
