-- Adds a line to a model's history.
INSERT INTO model_history (model_seq, time_ms, who, kind, version, details, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING history_seq
