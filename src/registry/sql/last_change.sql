-- When a model changed last.
SELECT time_ms FROM model_history WHERE model_seq = $1 ORDER BY history_seq DESC LIMIT 1
