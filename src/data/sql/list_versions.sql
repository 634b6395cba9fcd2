-- Lists the versions of a dataset, newest first.
SELECT v.dataset, v.version, v.md5, v.sha256, v.bytes, v.row_count, v.columns, v.source, v.snapshot_id,
  v.sql_text, v.inputs, v.created_ms, v.created_by, v.state, v.state_reason,
  v.state_ms, v.state_by
FROM dataset_versions v
WHERE v.dataset = $1
ORDER BY v.version DESC
LIMIT $2
