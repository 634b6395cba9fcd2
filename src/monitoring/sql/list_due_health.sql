-- Monitors with windows that were measured after their health.
SELECT DISTINCT w.monitor FROM monitor_windows w LEFT JOIN window_health h
  ON h.monitor = w.monitor AND h.start_ms = w.start_ms
WHERE h.measured_of_ms IS NULL OR h.measured_of_ms <> w.updated_ms
