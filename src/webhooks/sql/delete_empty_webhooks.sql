-- Removes deleted webhooks of which no delivery is left.
DELETE FROM webhooks WHERE deleted_ms IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.webhook_seq = webhooks.seq)
