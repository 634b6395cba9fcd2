-- The first and the last step of a metric of one run.
SELECT MIN(p.step), MAX(p.step) FROM metric_points p JOIN runs r ON r.run_seq = p.run_seq
WHERE r.run_id = $1 AND p.key = $2 AND p.step >= $3 AND p.step <= $4
