-- The versions that a model had at a time, below number $3, newest first.
SELECT version FROM model_facts
WHERE model_seq = $1 AND kind = 'version' AND version < $3 AND from_ms <= $2
  AND (to_ms IS NULL OR to_ms > $2)
ORDER BY version DESC LIMIT $4
