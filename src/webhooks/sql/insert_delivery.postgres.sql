-- Queues a message to a webhook, or notes that it could not be queued; not for one that was deleted.
INSERT INTO webhook_deliveries (id, webhook_seq, event_seq, topic, subject, body, state, tries,
  attempts, due_ms, error, created_ms, finished_ms)
SELECT $2, seq, $3::bigint, $4, $5, $6, $7, 0, 0, $8::bigint, $9, $8::bigint, $10::bigint
FROM webhooks WHERE seq = $1::bigint AND deleted_ms IS NULL
