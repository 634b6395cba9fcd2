-- Stores a rule.
INSERT INTO alert_rules (name, version, spec, updated_ms, who) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO UPDATE SET version = EXCLUDED.version, spec = EXCLUDED.spec,
  updated_ms = EXCLUDED.updated_ms, who = EXCLUDED.who
