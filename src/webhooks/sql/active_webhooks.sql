-- Which webhooks are told of events?
SELECT seq, id, name, description, url, format, topics, status, secret, after_seq, created_ms, updated_ms,
  created_by
FROM webhooks WHERE deleted_ms IS NULL AND status = 'ACTIVE' ORDER BY seq
