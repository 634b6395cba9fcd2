-- Adds a webhook.
INSERT INTO webhooks (id, name, description, url, format, topics, status, secret, after_seq,
  created_ms, updated_ms, created_by, settings)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)
RETURNING seq
