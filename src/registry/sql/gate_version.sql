-- The gates of a model as written in one version.
SELECT gate_version, body, source, created_ms, who, reason FROM model_gates
WHERE model_seq = $1 AND gate_version = $2
