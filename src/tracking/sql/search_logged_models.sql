-- Logged models that match a filter; $1 is a JSON array of experiments, $2 a JSON array of
-- {name, digest} of which one must be a dataset of a metric, '[]' for no such condition.
SELECT m.model_id, m.experiment_id, m.name, m.artifact_uri, m.status, m.model_type, m.source_run_id,
       m.lifecycle, m.created_ms, m.updated_ms/*columns*/
FROM /*from*/
WHERE m.experiment_id IN (SELECT value FROM json_each($1)) AND m.lifecycle = 'active'
  AND ($2 = '[]' OR EXISTS (
    SELECT 1 FROM logged_model_metrics d, json_each($2) w
    WHERE d.model_id = m.model_id
      AND d.dataset_name = json_extract(w.value, '$.name')
      AND d.dataset_digest = json_extract(w.value, '$.digest')))
  AND /*filter*/
ORDER BY /*order*/
LIMIT /*limit*/
