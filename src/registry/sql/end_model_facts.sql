-- Says that nothing of a model is so any longer.
UPDATE model_facts SET to_ms = $2, to_seq = $3 WHERE model_seq = $1 AND to_ms IS NULL
