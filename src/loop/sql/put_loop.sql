-- Stores a policy; a changed one keeps where its attempt stands.
INSERT INTO loops (model, endpoint, version, yaml, phase, state, decisions, events_after,
                   created_ms, updated_ms, who)
VALUES ($1, $2, 1, $3, 'idle', $4, 0, $5, $6, $6, $7)
ON CONFLICT (model) DO UPDATE SET endpoint = excluded.endpoint, version = loops.version + 1,
  yaml = excluded.yaml, state = excluded.state, updated_ms = excluded.updated_ms,
  who = excluded.who
