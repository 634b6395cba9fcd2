-- The version that is in a stage, or was last, other than the one given; and
-- whether it still does.
SELECT version, CASE WHEN to_ms IS NULL THEN 1 ELSE 0 END FROM model_facts
WHERE model_seq = $1 AND kind = 'stage' AND value = $2 AND version <> $3
ORDER BY CASE WHEN to_ms IS NULL THEN 0 ELSE 1 END, COALESCE(from_seq, 0) DESC LIMIT 1
