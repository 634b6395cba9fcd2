-- What is to be sent next to each active webhook, and when is it due? Of webhooks the oldest waiting delivery, of receivers of alerts the oldest of each subject; the next due first.
SELECT d.seq, d.webhook_seq, d.due_ms
FROM webhooks w
JOIN webhook_deliveries d ON d.seq = (
  SELECT MIN(o.seq) FROM webhook_deliveries o WHERE o.webhook_seq = w.seq AND o.state = 'pending')
WHERE w.deleted_ms IS NULL AND w.status = 'ACTIVE' AND w.format NOT LIKE 'alert.%'
UNION ALL
SELECT d.seq, d.webhook_seq, d.due_ms
FROM (SELECT MIN(o.seq) AS seq FROM webhooks w JOIN webhook_deliveries o ON o.webhook_seq = w.seq
  WHERE w.deleted_ms IS NULL AND w.status = 'ACTIVE' AND w.format LIKE 'alert.%' AND o.state = 'pending'
  GROUP BY o.webhook_seq, o.subject) heads
JOIN webhook_deliveries d ON d.seq = heads.seq
ORDER BY 3, 1
