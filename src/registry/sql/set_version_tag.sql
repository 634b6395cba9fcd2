-- Sets a tag of a version.
INSERT INTO model_version_tags (model_seq, version, key, value) VALUES ($1, $2, $3, $4)
ON CONFLICT (model_seq, version, key) DO UPDATE SET value = excluded.value
