-- Keeps a param of a logged model; no row when the key is there.
INSERT INTO logged_model_params (model_id, key, value) VALUES ($1, $2, $3)
ON CONFLICT (model_id, key) DO NOTHING
