-- Changes what may change of a webhook.
UPDATE webhooks SET name = $2, description = $3, url = $4, topics = $5, status = $6, secret = $7,
  updated_ms = $8, settings = $9
WHERE seq = $1 AND deleted_ms IS NULL
