-- Records that somebody approves a version for a gate; a second time changes nothing.
INSERT INTO model_approvals (model_seq, version, gate, who, reason, gate_version, time_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (model_seq, version, gate, who) DO NOTHING
