-- What is so now.
SELECT value FROM model_facts
WHERE model_seq = $1 AND kind = $2 AND version = $3 AND key = $4 AND to_ms IS NULL
