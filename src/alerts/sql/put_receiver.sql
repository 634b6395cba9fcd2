-- Stores a receiver.
INSERT INTO alert_receivers (name, webhook, kind, send_resolved, updated_ms, who)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (name) DO UPDATE SET webhook = EXCLUDED.webhook, kind = EXCLUDED.kind,
  send_resolved = EXCLUDED.send_resolved, updated_ms = EXCLUDED.updated_ms, who = EXCLUDED.who
