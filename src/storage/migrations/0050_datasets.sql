-- One row a dataset; latest_version counts their versions.
CREATE TABLE dataset_heads (
  name TEXT PRIMARY KEY,
  latest_version BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL
);
-- Immutable tables. `columns` and `inputs` are JSON, `recipe` a digest of a derivation.
CREATE TABLE dataset_versions (
  dataset TEXT NOT NULL REFERENCES dataset_heads (name),
  version BIGINT NOT NULL,
  md5 TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  row_count BIGINT NOT NULL,
  columns TEXT NOT NULL,
  source TEXT NOT NULL,
  snapshot_id TEXT,
  sql_text TEXT,
  inputs TEXT NOT NULL,
  recipe TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (dataset, version)
);
CREATE INDEX dataset_versions_by_recipe ON dataset_versions (dataset, recipe);
