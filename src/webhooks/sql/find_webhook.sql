-- Which webhook has this id?
SELECT seq, id, name, description, url, format, topics, status, secret, after_seq, created_ms, updated_ms,
  created_by, settings
FROM webhooks WHERE id = $1 AND deleted_ms IS NULL
