-- The short key of a dataset.
SELECT dataset_seq FROM datasets WHERE experiment_id = $1 AND name = $2 AND digest = $3
