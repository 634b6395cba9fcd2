-- Which deliveries of a webhook came before one, newest first? Empty texts stand for any.
SELECT d.seq, d.id, d.event_seq, d.topic, d.subject, d.body, d.state, d.attempts, d.due_ms, d.error,
  d.created_ms, d.finished_ms, w.id
FROM webhook_deliveries d JOIN webhooks w ON w.seq = d.webhook_seq
WHERE d.webhook_seq = $1 AND d.seq < $2 AND ($3 = '' OR d.state = $3) AND ($4 = '' OR d.topic = $4)
ORDER BY d.seq DESC LIMIT $5
