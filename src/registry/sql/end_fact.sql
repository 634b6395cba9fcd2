-- Says that something is no longer so.
UPDATE model_facts SET to_ms = $5, to_seq = $6
WHERE model_seq = $1 AND kind = $2 AND version = $3 AND key = $4 AND to_ms IS NULL
