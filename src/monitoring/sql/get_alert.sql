-- One alert.
SELECT id, monitor, endpoint, model, kind, feature, value, threshold, state, opened_ms, closed_ms,
  window_start_ms, window_end_ms, message, pipeline_run
FROM alerts WHERE id = $1
