-- Keeps a dataset once an experiment, name and digest.
INSERT INTO datasets (experiment_id, name, digest, source_type, source, schema, profile)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (experiment_id, name, digest) DO NOTHING
