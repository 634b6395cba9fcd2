-- Registered models and their versions. Deleting is a mark; a name may be used again after it.
CREATE TABLE registered_models (
  model_seq INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  description TEXT,
  gate TEXT,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  deleted_ms BIGINT
);
CREATE UNIQUE INDEX registered_models_by_name ON registered_models (name) WHERE deleted_ms IS NULL;
CREATE TABLE model_tags (
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_seq, key)
);

-- A deleted version keeps its row, so that its number is never used again.
CREATE TABLE model_versions (
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  version BIGINT NOT NULL,
  description TEXT,
  source TEXT NOT NULL,
  artifact_uri TEXT NOT NULL,
  run_id TEXT NOT NULL,
  run_link TEXT NOT NULL,
  model_id TEXT,
  stage TEXT NOT NULL,
  status TEXT NOT NULL,
  status_message TEXT,
  signature TEXT,
  reference_profile TEXT,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  deleted_ms BIGINT,
  PRIMARY KEY (model_seq, version)
);
CREATE INDEX model_versions_by_run ON model_versions (run_id);
CREATE TABLE model_version_tags (
  model_seq BIGINT NOT NULL,
  version BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_seq, version, key)
);
CREATE TABLE model_aliases (
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  alias TEXT NOT NULL,
  version BIGINT NOT NULL,
  PRIMARY KEY (model_seq, alias)
);

-- The newest result of each named check of a version.
CREATE TABLE model_version_checks (
  model_seq BIGINT NOT NULL,
  version BIGINT NOT NULL,
  name TEXT NOT NULL,
  passed BIGINT NOT NULL,
  summary TEXT NOT NULL,
  details TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  PRIMARY KEY (model_seq, version, name)
);

-- Who did what to a model and when: aliases, stages, checks, gates, deletions.
CREATE TABLE model_history (
  history_seq INTEGER PRIMARY KEY,
  model_seq BIGINT NOT NULL REFERENCES registered_models (model_seq),
  time_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  kind TEXT NOT NULL,
  version BIGINT,
  details TEXT NOT NULL
);
CREATE INDEX model_history_by_model ON model_history (model_seq, history_seq);
