-- Queues a message to a webhook, or notes that it could not be queued; not for one that was deleted.
INSERT INTO webhook_deliveries (id, webhook_seq, event_seq, topic, subject, body, state, tries,
  attempts, due_ms, error, created_ms, finished_ms)
SELECT $2, seq, $3, $4, $5, $6, $7, 0, 0, $8, $9, $8, $10
FROM webhooks WHERE seq = $1 AND deleted_ms IS NULL
