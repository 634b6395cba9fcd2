-- Remembers that a run took in or made a logged model.
INSERT INTO run_models (run_seq, direction, model_id, step) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
