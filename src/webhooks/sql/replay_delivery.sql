-- Queues a delivery again.
UPDATE webhook_deliveries SET state = 'pending', tries = 0, due_ms = $2, error = '', finished_ms = NULL
WHERE seq = $1 AND body <> ''
