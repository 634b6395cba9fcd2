CREATE TABLE endpoints (
  name TEXT PRIMARY KEY,
  model TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  promoting TEXT,
  rollout_error TEXT NOT NULL DEFAULT '',
  revisions_made BIGINT NOT NULL DEFAULT 0,
  deleted_ms BIGINT
);

CREATE TABLE revisions (
  id TEXT PRIMARY KEY,
  endpoint TEXT NOT NULL REFERENCES endpoints (name),
  number BIGINT NOT NULL,
  model_version TEXT NOT NULL,
  model_path TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('live', 'canary', 'shadow', 'retired')),
  weight BIGINT NOT NULL CHECK (weight BETWEEN 0 AND 100),
  replicas BIGINT NOT NULL CHECK (replicas > 0),
  created_ms BIGINT NOT NULL,
  live_ms BIGINT,
  retired_ms BIGINT
);

CREATE INDEX revisions_by_endpoint ON revisions (endpoint, number);
CREATE UNIQUE INDEX one_live_revision ON revisions (endpoint) WHERE role = 'live';
CREATE UNIQUE INDEX one_canary_revision ON revisions (endpoint) WHERE role = 'canary';
