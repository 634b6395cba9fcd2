-- Queues the dead deliveries of a webhook again, the oldest first.
UPDATE webhook_deliveries SET state = 'pending', tries = 0, due_ms = $2, error = '', finished_ms = NULL
WHERE seq IN (SELECT seq FROM webhook_deliveries
  WHERE webhook_seq = $1 AND state = 'dead' AND body <> '' ORDER BY seq LIMIT $3)
