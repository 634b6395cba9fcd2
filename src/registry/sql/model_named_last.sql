-- The model that has a name, else the last one that had it.
SELECT model_seq FROM model_facts WHERE kind = 'name' AND value = $1
ORDER BY CASE WHEN to_ms IS NULL THEN 0 ELSE 1 END, to_ms DESC, from_ms DESC LIMIT 1
