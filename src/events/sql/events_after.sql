-- Which events came after a cursor, oldest first?
SELECT seq, time_ms, kind, subject, who, payload FROM events WHERE seq > $1 ORDER BY seq LIMIT $2
