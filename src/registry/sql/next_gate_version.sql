-- The number of a model's next gates.
SELECT COALESCE(MAX(gate_version), 0) + 1 FROM model_gates WHERE model_seq = $1
