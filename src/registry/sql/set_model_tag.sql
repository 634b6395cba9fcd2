-- Sets a tag of a model.
INSERT INTO model_tags (model_seq, key, value) VALUES ($1, $2, $3)
ON CONFLICT (model_seq, key) DO UPDATE SET value = excluded.value
