-- Finds the latest version of a dataset that is not held.
SELECT v.dataset, v.version, v.md5, v.sha256, v.bytes, v.row_count, v.columns, v.source, v.snapshot_id,
  v.sql_text, v.inputs, v.created_ms, v.created_by, v.state, v.state_reason,
  v.state_ms, v.state_by
FROM dataset_heads d JOIN dataset_versions v ON v.dataset = d.name AND v.version = d.current_version
WHERE d.name = $1
