-- Stores a window's health.
INSERT INTO window_health (monitor, start_ms, measured_of_ms, health) VALUES ($1, $2, $3, $4)
ON CONFLICT (monitor, start_ms) DO UPDATE SET measured_of_ms = excluded.measured_of_ms,
  health = excluded.health
