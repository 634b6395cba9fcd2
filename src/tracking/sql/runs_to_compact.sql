-- The runs with enough that waits to be compacted: points, appends, or an append of some age; those
-- with the most points first.
SELECT run_seq FROM metric_appends
GROUP BY run_seq
HAVING SUM(points) >= $1 OR COUNT(*) >= $2 OR MIN(written_ms) <= $3
ORDER BY SUM(points) DESC, run_seq
LIMIT $4
