-- Which webhooks are told of events?
SELECT seq, id, name, description, url, format, topics, status, secret, after_seq, created_ms, updated_ms,
  created_by, settings
FROM webhooks WHERE deleted_ms IS NULL AND status = 'ACTIVE' AND format NOT LIKE 'alert.%' ORDER BY seq
