-- The first part of a segment from a number on that reaches a time and touches a range of steps.
SELECT part, step_min, step_max, data FROM metric_parts
WHERE run_seq = $1 AND key = $2 AND segment = $3 AND part >= $4 AND last_ms >= $5
  AND step_max >= $6 AND step_min <= $7
ORDER BY part LIMIT 1
