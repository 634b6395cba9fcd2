-- One silence.
SELECT id, matchers, starts_ms, ends_ms, who, comment, created_ms, expired_by
FROM alert_silences WHERE id = $1
