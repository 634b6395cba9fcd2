-- A model's history, newest first.
SELECT time_ms, who, kind, version, details FROM model_history
WHERE model_seq = $1 ORDER BY history_seq DESC LIMIT $2
