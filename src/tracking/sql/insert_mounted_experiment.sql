-- Notes of which folder an experiment is shown.
INSERT INTO mounted_experiments (folder, source_id, experiment_id) VALUES ($1, $2, $3)
