-- The name that a model has, or had when it was deleted.
SELECT value, to_ms FROM model_facts WHERE model_seq = $1 AND kind = 'name'
ORDER BY CASE WHEN to_ms IS NULL THEN 0 ELSE 1 END, to_ms DESC, from_ms DESC LIMIT 1
