-- Which delivery has this id?
SELECT d.seq, d.id, d.event_seq, d.topic, d.subject, d.body, d.state, d.attempts, d.due_ms, d.error,
  d.created_ms, d.finished_ms, w.id
FROM webhook_deliveries d JOIN webhooks w ON w.seq = d.webhook_seq
WHERE d.id = $1 AND w.deleted_ms IS NULL
