-- The metrics of some logged models; $1 is a JSON array of ids.
SELECT model_id, key, run_id, dataset_name, dataset_digest, timestamp_ms, step, value, is_nan
FROM logged_model_metrics
WHERE model_id IN (SELECT json_array_elements_text($1::json))
ORDER BY model_id, key, run_id, dataset_name, dataset_digest, step, timestamp_ms
