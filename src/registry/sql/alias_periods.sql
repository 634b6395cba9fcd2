-- Which versions an alias named from when to when, newest first. A change that was undone within
-- the same millisecond is here as well.
SELECT f.value, f.from_ms, f.to_ms, h.who, h.reason, h.details, f.from_seq,
       e.who, e.reason, v.deleted_ms
FROM model_facts f
LEFT JOIN model_history h ON h.history_seq = f.from_seq
LEFT JOIN model_history e ON e.history_seq = f.to_seq
LEFT JOIN model_versions v
  ON v.model_seq = f.model_seq AND v.version = CAST(f.value AS BIGINT)
WHERE f.model_seq = $1 AND f.kind = 'alias' AND f.version = 0 AND f.key = $2
ORDER BY f.from_ms DESC, COALESCE(f.from_seq, 0) DESC LIMIT $3 OFFSET $4
