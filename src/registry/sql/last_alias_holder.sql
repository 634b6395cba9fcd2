-- The version that an alias names, or named last, other than the one given; and
-- whether it still does.
SELECT CAST(value AS BIGINT), CASE WHEN to_ms IS NULL THEN 1 ELSE 0 END FROM model_facts
WHERE model_seq = $1 AND kind = 'alias' AND version = 0 AND key = $2
  AND CAST(value AS BIGINT) <> $3
ORDER BY CASE WHEN to_ms IS NULL THEN 0 ELSE 1 END, COALESCE(from_seq, 0) DESC LIMIT 1
