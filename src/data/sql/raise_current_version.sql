-- Makes the newest version that is not held the one that others take.
UPDATE dataset_heads SET current_version = (
  SELECT coalesce(max(v.version), 0) FROM dataset_versions v
  WHERE v.dataset = $1 AND v.state IN ('ready', 'released'))
WHERE name = $1
