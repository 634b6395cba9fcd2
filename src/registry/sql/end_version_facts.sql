-- Says that nothing of a version is so any longer.
UPDATE model_facts SET to_ms = $3, to_seq = $4
WHERE model_seq = $1 AND version = $2 AND to_ms IS NULL
