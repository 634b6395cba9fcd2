-- Tells whether a version may be taken, and the source that it was made of where it was one.
SELECT v.state, coalesce(s.source, ''), v.row_count, v.bytes, v.sha256, v.source, v.created_by
FROM dataset_versions v LEFT JOIN snapshots s ON s.id = v.snapshot_id
WHERE v.dataset = $1 AND v.version = $2
