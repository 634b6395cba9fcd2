-- The model that had a name at a time.
SELECT model_seq FROM model_facts
WHERE kind = 'name' AND value = $1 AND from_ms <= $2 AND (to_ms IS NULL OR to_ms > $2)
ORDER BY from_ms DESC LIMIT 1
