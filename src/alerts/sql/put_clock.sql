-- Writes down when it is, by both clocks.
INSERT INTO alert_clock (one, steady_ms, wall_ms) VALUES (1, $1, $2)
ON CONFLICT (one) DO UPDATE SET steady_ms = EXCLUDED.steady_ms, wall_ms = EXCLUDED.wall_ms
