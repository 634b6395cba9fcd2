-- Lists versions that were made before $1 and that no suite has judged yet, the oldest first.
SELECT v.dataset, v.version
FROM dataset_versions v
WHERE v.state IN ('pending', 'quarantined') AND v.state = 'pending' AND v.created_ms < $1
ORDER BY v.created_ms, v.dataset, v.version
LIMIT $2
