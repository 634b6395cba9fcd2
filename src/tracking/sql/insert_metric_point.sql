-- Keeps a point of a metric; the same point twice is kept once.
INSERT INTO metric_points (run_seq, key, timestamp_ms, step, value, is_nan)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
