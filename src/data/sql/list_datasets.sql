-- Lists datasets by name behind $1, each with its latest version that is not held; where all
-- are, with the latest of them.
SELECT v.dataset, v.version, v.md5, v.sha256, v.bytes, v.row_count, v.columns, v.source, v.snapshot_id,
  v.sql_text, v.inputs, v.created_ms, v.created_by, v.state, v.state_reason,
  v.state_ms, v.state_by
FROM dataset_heads d JOIN dataset_versions v ON v.dataset = d.name
  AND v.version = CASE d.current_version WHEN 0 THEN d.latest_version ELSE d.current_version END
WHERE d.name > $1
ORDER BY d.name
LIMIT $2
