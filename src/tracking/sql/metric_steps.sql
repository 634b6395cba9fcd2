-- The steps at which some runs have a metric, within a range; $1 is a JSON array of run ids.
SELECT DISTINCT p.step FROM metric_points p JOIN runs r ON r.run_seq = p.run_seq
WHERE r.run_id IN (SELECT value FROM json_each($1)) AND p.key = $2
  AND p.step >= $3 AND p.step <= $4
ORDER BY p.step
