-- Alerts, newest first; '' stands for any monitor and any state.
SELECT id, monitor, endpoint, model, kind, feature, value, threshold, state, opened_ms, closed_ms,
  window_start_ms, window_end_ms, message, pipeline_run
FROM alerts WHERE ($1 = '' OR monitor = $1) AND ($2 = '' OR state = $2)
ORDER BY opened_ms DESC, id DESC LIMIT $3
