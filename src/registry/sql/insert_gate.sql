-- Keeps the gates of a model as they were written.
INSERT INTO model_gates (model_seq, gate_version, body, source, created_ms, who, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7)
