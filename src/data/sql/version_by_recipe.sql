-- Finds the first version that the same SQL made of the same inputs.
SELECT v.dataset, v.version, v.md5, v.sha256, v.bytes, v.row_count, v.columns, v.source, v.snapshot_id,
  v.sql_text, v.inputs, v.created_ms, v.created_by, v.state, v.state_reason,
  v.state_ms, v.state_by
FROM dataset_versions v
WHERE v.dataset = $1 AND v.recipe = $2
ORDER BY v.version
LIMIT 1
