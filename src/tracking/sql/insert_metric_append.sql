-- Keeps what one call brought to a run. A number is taken again once all appends were compacted,
-- which the count of compactions makes harmless.
INSERT INTO metric_appends (run_seq, append_seq, points, written_ms, data)
SELECT $1, COALESCE(MAX(append_seq), 0) + 1, $2, $3, $4 FROM metric_appends WHERE run_seq = $1
