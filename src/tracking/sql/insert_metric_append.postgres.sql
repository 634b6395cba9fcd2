-- Keeps what one call brought to a run.
INSERT INTO metric_appends (run_seq, points, written_ms, data) VALUES ($1, $2, $3, $4)
