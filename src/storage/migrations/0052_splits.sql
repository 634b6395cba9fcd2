-- Reproducible parts of dataset versions; `spec` and `parts` are JSON.
CREATE TABLE splits (
  id TEXT PRIMARY KEY,
  dataset TEXT NOT NULL,
  version BIGINT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  spec TEXT NOT NULL,
  parts TEXT NOT NULL,
  unassigned_count BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  UNIQUE (dataset, version, name),
  FOREIGN KEY (dataset, version) REFERENCES dataset_versions (dataset, version)
);
