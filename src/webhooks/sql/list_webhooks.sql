-- Which webhooks were made before one, newest first? Receivers of alerts are none.
SELECT seq, id, name, description, url, format, topics, status, secret, after_seq, created_ms, updated_ms,
  created_by, settings
FROM webhooks WHERE deleted_ms IS NULL AND format NOT LIKE 'alert.%' AND seq < $1 AND ($3 = '' OR format = $3)
ORDER BY seq DESC LIMIT $2
