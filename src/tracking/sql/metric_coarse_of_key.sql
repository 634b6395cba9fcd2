-- The segments of a metric by number, with what draws them most coarsely, within bounds of time and
-- step.
SELECT segment, points, first_ms, last_ms, step_min, step_max, coarse, data FROM metric_segments
WHERE run_seq = $1 AND key = $2 AND last_ms >= $3 AND first_ms <= $4 AND step_max >= $5
  AND step_min <= $6
ORDER BY segment
