-- Points an alias at a version.
INSERT INTO model_aliases (model_seq, alias, version) VALUES ($1, $2, $3)
ON CONFLICT (model_seq, alias) DO UPDATE SET version = excluded.version
