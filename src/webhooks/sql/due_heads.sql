-- What is the oldest waiting delivery of each active webhook, and when is it due? The next due first.
SELECT d.seq, d.webhook_seq, d.due_ms
FROM webhooks w
JOIN webhook_deliveries d ON d.seq = (
  SELECT MIN(o.seq) FROM webhook_deliveries o WHERE o.webhook_seq = w.seq AND o.state = 'pending')
WHERE w.deleted_ms IS NULL AND w.status = 'ACTIVE'
ORDER BY d.due_ms, d.seq
