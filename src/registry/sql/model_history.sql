-- A page of a model's history, newest first: the lines before $2, of version $3 and kind $4 where
-- they are given, from $5 on and before $6.
SELECT history_seq, time_ms, who, kind, version, details, reason FROM model_history
WHERE model_seq = $1 AND history_seq < $2
  AND (CAST($3 AS BIGINT) IS NULL OR version = $3)
  AND (CAST($4 AS TEXT) IS NULL OR kind = $4)
  AND time_ms >= $5 AND time_ms < $6
ORDER BY history_seq DESC LIMIT $7
