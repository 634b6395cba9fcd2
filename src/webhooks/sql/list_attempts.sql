-- What became of each attempt of a delivery?
SELECT number, started_ms, duration_ms, status, error, response FROM webhook_attempts
WHERE delivery_seq = $1 ORDER BY number DESC LIMIT $2
