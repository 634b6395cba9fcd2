-- The gates of a model as they were written, every version of them, and who wrote it.
CREATE TABLE model_gates (
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  gate_version BIGINT NOT NULL,
  body TEXT NOT NULL,
  source TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (model_seq, gate_version)
);
INSERT INTO model_gates (model_seq, gate_version, body, source, created_ms, who, reason)
SELECT model_seq, 1, gate, gate, updated_ms, '', '' FROM registered_models WHERE gate IS NOT NULL;
INSERT INTO model_facts (model_seq, kind, version, key, value, from_ms)
SELECT model_seq, 'gate', 0, '', '1', updated_ms FROM registered_models
WHERE gate IS NOT NULL AND deleted_ms IS NULL;

-- Who approved which version for which gate of its model.
CREATE TABLE model_approvals (
  model_seq BIGINT NOT NULL,
  version BIGINT NOT NULL,
  gate TEXT COLLATE "C" NOT NULL,
  who TEXT COLLATE "C" NOT NULL,
  reason TEXT NOT NULL,
  gate_version BIGINT NOT NULL,
  time_ms BIGINT NOT NULL,
  PRIMARY KEY (model_seq, version, gate, who)
);
