-- Which webhooks were made before one, newest first?
SELECT seq, id, name, description, url, format, topics, status, secret, after_seq, created_ms, updated_ms,
  created_by
FROM webhooks WHERE deleted_ms IS NULL AND seq < $1 AND ($3 = '' OR format = $3)
ORDER BY seq DESC LIMIT $2
