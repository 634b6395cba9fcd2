-- Sets a param of an imported run to what it was elsewhere.
INSERT INTO run_params (run_seq, key, value) VALUES ($1, $2, $3)
ON CONFLICT (run_seq, key) DO UPDATE SET value = excluded.value
