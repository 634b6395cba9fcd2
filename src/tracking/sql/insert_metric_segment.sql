-- Keeps a segment.
INSERT INTO metric_segments (run_seq, key, segment, points, first_ms, last_ms, step_min, step_max,
                             data, coarse, overview, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
