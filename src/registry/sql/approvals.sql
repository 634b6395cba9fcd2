-- Who approved a version, for which gate and when.
SELECT gate, who, reason, gate_version, time_ms FROM model_approvals
WHERE model_seq = $1 AND version = $2 ORDER BY time_ms, who
