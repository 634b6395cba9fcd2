-- The segments of a metric by number, without their points, within bounds of time and step.
SELECT segment, points, first_ms, last_ms, step_min, step_max FROM metric_segments
WHERE run_seq = $1 AND key = $2 AND last_ms >= $3 AND step_max >= $4 AND step_min <= $5
ORDER BY segment
