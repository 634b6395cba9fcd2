-- Keeps a part of a segment.
INSERT INTO metric_parts (run_seq, key, segment, part, last_ms, step_min, step_max, data)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
