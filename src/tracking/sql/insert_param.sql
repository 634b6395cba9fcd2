-- Keeps a param unless the key is there already.
INSERT INTO run_params (run_seq, key, value) VALUES ($1, $2, $3)
ON CONFLICT (run_seq, key) DO NOTHING
