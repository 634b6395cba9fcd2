-- Sets a tag of a run.
INSERT INTO run_tags (run_seq, key, value) VALUES ($1, $2, $3)
ON CONFLICT (run_seq, key) DO UPDATE SET value = excluded.value
