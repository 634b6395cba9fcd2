-- Alerts that were closed at a time or later, the oldest first.
SELECT id, monitor, endpoint, model, kind, feature, value, threshold, state, opened_ms, closed_ms,
  window_start_ms, window_end_ms, message, pipeline_run
FROM alerts WHERE state = 'closed' AND closed_ms >= $1 ORDER BY closed_ms, id LIMIT $2
