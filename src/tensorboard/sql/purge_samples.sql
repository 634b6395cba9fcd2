-- Drops what a training wrote from a step on before it was restarted there, and returns it.
DELETE FROM summary_samples
WHERE tag_seq IN (SELECT seq FROM summary_tags WHERE run_id = $1 AND folder = $2)
  AND step >= $3 AND time_ms < $4
RETURNING data
