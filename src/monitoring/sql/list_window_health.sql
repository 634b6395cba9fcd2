-- The newest windows of a monitor with their health, newest first.
SELECT w.start_ms, w.end_ms, w.predictions, w.outcomes, w.complete, w.drift, w.performance,
  w.updated_ms, h.measured_of_ms, h.health, w.quality, w.changes, w.validation
FROM monitor_windows w LEFT JOIN window_health h
  ON h.monitor = w.monitor AND h.start_ms = w.start_ms
WHERE w.monitor = $1 ORDER BY w.start_ms DESC LIMIT $2
