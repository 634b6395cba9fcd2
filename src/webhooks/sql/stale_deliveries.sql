-- Which deliveries may go: those that ended before a time, and those of deleted webhooks?
SELECT seq FROM webhook_deliveries WHERE finished_ms < $1
UNION
SELECT d.seq FROM webhook_deliveries d JOIN webhooks w ON w.seq = d.webhook_seq
WHERE w.deleted_ms IS NOT NULL
LIMIT $2
