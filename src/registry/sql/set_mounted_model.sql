-- Notes that a model is shown of a folder, and what its files were like.
INSERT INTO mounted_models (folder, source_name, model_seq, fingerprint) VALUES ($1, $2, $3, $4)
ON CONFLICT (folder, source_name) DO UPDATE SET fingerprint = excluded.fingerprint
