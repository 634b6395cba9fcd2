-- What was so of a version at a time, who made it so and why.
SELECT f.kind, f.key, f.value, f.from_ms, f.to_ms, h.who, h.reason
FROM model_facts f LEFT JOIN model_history h ON h.history_seq = f.from_seq
WHERE f.model_seq = $1 AND f.version = $2 AND f.from_ms <= $3
  AND (f.to_ms IS NULL OR f.to_ms > $3)
ORDER BY f.kind, f.key
