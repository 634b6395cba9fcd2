-- The newest windows of a monitor, newest first.
SELECT start_ms, end_ms, predictions, outcomes, complete, drift, performance, quality,
  changes, validation, outcomes_digest
FROM monitor_windows WHERE monitor = $1 ORDER BY start_ms DESC LIMIT $2
