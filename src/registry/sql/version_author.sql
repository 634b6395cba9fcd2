-- Who registered a version.
SELECT who FROM model_history
WHERE model_seq = $1 AND version = $2 AND kind = 'model_version.created'
ORDER BY history_seq LIMIT 1
