-- Remembers what was told of a group.
INSERT INTO alert_groups (id, state) VALUES ($1, $2)
ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state
