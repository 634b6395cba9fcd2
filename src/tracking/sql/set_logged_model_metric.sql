-- Keeps a point of a model's metric by run and dataset.
INSERT INTO logged_model_metrics (model_id, key, run_id, dataset_name, dataset_digest, timestamp_ms,
                                  step, value, is_nan)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (model_id, key, run_id, dataset_name, dataset_digest, timestamp_ms, step) DO UPDATE
SET value = excluded.value, is_nan = excluded.is_nan
