-- Sets a tag of an experiment.
INSERT INTO experiment_tags (experiment_id, key, value) VALUES ($1, $2, $3)
ON CONFLICT (experiment_id, key) DO UPDATE SET value = excluded.value
