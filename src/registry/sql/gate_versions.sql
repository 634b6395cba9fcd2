-- All versions of a model's gates, newest first.
SELECT gate_version, body, source, created_ms, who, reason FROM model_gates
WHERE model_seq = $1 AND gate_version < $2 ORDER BY gate_version DESC LIMIT $3
