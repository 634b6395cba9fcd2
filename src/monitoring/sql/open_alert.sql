-- Opens an alert unless the same is open.
INSERT INTO alerts (id, monitor, endpoint, model, kind, feature, value, threshold, state, opened_ms,
  window_start_ms, window_end_ms, message)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, $11, $12)
ON CONFLICT DO NOTHING
