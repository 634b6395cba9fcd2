-- Which silences end after a time, those that end last first?
SELECT id, matchers, starts_ms, ends_ms, who, comment, created_ms, expired_by
FROM alert_silences WHERE ends_ms > $1 ORDER BY ends_ms DESC, id LIMIT $2
