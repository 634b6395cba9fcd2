-- What is to be sent for a waiting delivery, and where?
SELECT d.seq, d.id, d.topic, d.body, d.tries, d.attempts, w.id, w.url, w.format, w.secret, w.settings, d.created_ms
FROM webhook_deliveries d JOIN webhooks w ON w.seq = d.webhook_seq
WHERE d.seq = $1 AND d.due_ms = $2 AND d.state = 'pending' AND w.deleted_ms IS NULL AND w.status = 'ACTIVE'
