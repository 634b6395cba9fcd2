-- Stores what was measured in a window.
INSERT INTO monitor_windows (monitor, start_ms, end_ms, predictions, outcomes, complete, drift,
  performance, updated_ms, quality, changes, validation,
  outcomes_digest)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (monitor, start_ms) DO UPDATE SET end_ms = excluded.end_ms,
  predictions = excluded.predictions, outcomes = excluded.outcomes, complete = excluded.complete,
  drift = excluded.drift, performance = excluded.performance, updated_ms = excluded.updated_ms,
  quality = excluded.quality, changes = excluded.changes, validation = excluded.validation,
  outcomes_digest = excluded.outcomes_digest
