-- The datasets of some experiments with the contexts they were used in; $1 is a JSON array.
SELECT DISTINCT d.experiment_id, d.name, d.digest, t.value
FROM run_inputs i
JOIN datasets d ON d.dataset_seq = i.dataset_seq
JOIN runs r ON r.run_seq = i.run_seq AND r.lifecycle = 'active'
LEFT JOIN run_input_tags t ON t.run_seq = i.run_seq AND t.dataset_seq = i.dataset_seq
  AND t.key = 'mlflow.data.context'
WHERE d.experiment_id IN (SELECT json_array_elements_text($1::json)::bigint)
ORDER BY d.experiment_id, d.name, d.digest, t.value
LIMIT $2
