-- Says that something is so from a change on.
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms, from_seq)
VALUES ($1, $2, $3, $4, $5, $6, $7)
