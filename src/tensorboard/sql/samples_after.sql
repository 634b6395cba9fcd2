-- The samples of a tag from a step on.
SELECT step, time_ms, data FROM summary_samples
WHERE tag_seq = $1 AND step >= $2 ORDER BY step LIMIT $3
