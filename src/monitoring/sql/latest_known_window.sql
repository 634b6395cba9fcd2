-- The newest complete window of a monitor of which so many outcomes, and such a share, are known.
SELECT start_ms, end_ms, predictions, outcomes, complete, drift, performance, quality,
  changes, validation
FROM monitor_windows WHERE monitor = $1 AND complete <> 0 AND outcomes >= $2
  AND outcomes >= $3 * predictions
ORDER BY start_ms DESC LIMIT 1
