-- Which events came before a cursor, newest first?
SELECT seq, time_ms, kind, subject, who, payload FROM events WHERE seq < $1 ORDER BY seq DESC LIMIT $2
