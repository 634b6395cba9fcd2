-- The points of one metric of a run, oldest first.
SELECT p.value, p.timestamp_ms, p.step, p.is_nan
FROM metric_points p JOIN runs r ON r.run_seq = p.run_seq
WHERE r.run_id = $1 AND p.key = $2
ORDER BY p.timestamp_ms, p.step, p.value
LIMIT $3 OFFSET $4
