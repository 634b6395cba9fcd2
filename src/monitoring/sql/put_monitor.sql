-- Stores a monitor; a changed one starts its judgements anew.
INSERT INTO monitors (name, endpoint, model, state, spec, profile, created_ms, updated_ms,
  judged_drift_ms, judged_performance_ms)
VALUES ($1, $2, $3, 'active', $4, $5, $6, $6, $7, $7)
ON CONFLICT (name) DO UPDATE SET endpoint = excluded.endpoint, model = excluded.model,
  spec = excluded.spec, profile = excluded.profile, updated_ms = excluded.updated_ms,
  judged_drift_ms = excluded.judged_drift_ms,
  judged_performance_ms = excluded.judged_performance_ms
