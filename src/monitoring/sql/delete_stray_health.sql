-- Removes the health of windows that are gone: their monitor was changed or deleted.
DELETE FROM window_health WHERE NOT EXISTS (SELECT 1 FROM monitor_windows w
  WHERE w.monitor = window_health.monitor AND w.start_ms = window_health.start_ms)
