-- Marks a webhook as deleted and forgets its secret at once.
UPDATE webhooks SET deleted_ms = $2, secret = NULL WHERE seq = $1
