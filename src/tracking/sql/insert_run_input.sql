-- Remembers that a run took in a dataset.
INSERT INTO run_inputs (run_seq, dataset_seq) VALUES ($1, $2)
ON CONFLICT DO NOTHING
