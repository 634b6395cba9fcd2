-- The points of one metric of a run at some steps; $3 is a JSON array of steps.
SELECT p.value, p.timestamp_ms, p.step, p.is_nan
FROM metric_points p JOIN runs r ON r.run_seq = p.run_seq
WHERE r.run_id = $1 AND p.key = $2 AND p.step IN (SELECT json_array_elements_text($3::json)::bigint)
ORDER BY p.step, p.timestamp_ms, p.value
LIMIT $4
