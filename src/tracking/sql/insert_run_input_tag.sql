-- Sets a tag of an input.
INSERT INTO run_input_tags (run_seq, dataset_seq, key, value) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
