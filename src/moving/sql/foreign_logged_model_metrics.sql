-- The points of the metrics of an experiment's logged models; NULL is NaN.
SELECT CAST(model_id AS TEXT), CAST(metric_name AS TEXT), CAST(metric_value AS DOUBLE PRECISION),
       CAST(metric_timestamp_ms AS BIGINT), CAST(metric_step AS BIGINT), CAST(run_id AS TEXT),
       CAST(COALESCE(dataset_name, '') AS TEXT), CAST(COALESCE(dataset_digest, '') AS TEXT)
FROM logged_model_metrics WHERE experiment_id = $1 ORDER BY model_id, metric_name
