-- Experiments, runs and what runs log. Deleting is a mark (lifecycle), never a removal.
CREATE TABLE experiments (
  experiment_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  artifact_location TEXT NOT NULL,
  lifecycle TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE TABLE experiment_tags (
  experiment_id BIGINT NOT NULL REFERENCES experiments (experiment_id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment_id, key)
);

-- run_seq is a short key for the tables that have many rows a run.
CREATE TABLE runs (
  run_seq INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  experiment_id BIGINT NOT NULL REFERENCES experiments (experiment_id),
  run_name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT,
  artifact_uri TEXT NOT NULL,
  lifecycle TEXT NOT NULL,
  deleted_ms BIGINT,
  written_by TEXT NOT NULL
);
CREATE UNIQUE INDEX runs_by_id ON runs (run_id);
-- In the order of a page, of one experiment and of all; the others find what is rare.
CREATE INDEX runs_by_start ON runs (experiment_id, lifecycle, start_ms DESC, run_id);
CREATE INDEX runs_by_time ON runs (start_ms DESC, run_id);
CREATE INDEX runs_by_name ON runs (run_name);
CREATE INDEX runs_by_status ON runs (status, experiment_id);
CREATE TABLE run_params (
  run_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_seq, key)
) WITHOUT ROWID;
-- Values by their beginning, for PostgreSQL limits the size of an index row.
CREATE INDEX params_by_value ON run_params (key, substr(value, 1, 200), run_seq);
CREATE TABLE run_tags (
  run_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_seq, key)
) WITHOUT ROWID;
CREATE INDEX tags_by_value ON run_tags (key, substr(value, 1, 200), run_seq);

-- The points of metrics (docs/decisions/0008-metric-history.md). An append is what one call
-- brought, as it came; its run's points wait there until they are compacted.
CREATE TABLE metric_appends (
  run_seq BIGINT NOT NULL,
  append_seq BIGINT NOT NULL,
  points BIGINT NOT NULL,
  written_ms BIGINT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (run_seq, append_seq)
) WITHOUT ROWID;
-- A segment is a sorted stretch of one metric's history. Large rows have row numbers: SQLite would
-- read the whole of a row without one to compare its key. Its points are in `data`, or in parts when
-- there are many; then it has summaries of them, from coarse to fine: what a chart reads first comes
-- first in the row, for what is behind a large value is slow to reach.
CREATE TABLE metric_segments (
  run_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  segment BIGINT NOT NULL,
  points BIGINT NOT NULL,
  first_ms BIGINT NOT NULL,
  last_ms BIGINT NOT NULL,
  step_min BIGINT NOT NULL,
  step_max BIGINT NOT NULL,
  data BLOB NOT NULL,
  coarse BLOB NOT NULL,
  overview BLOB NOT NULL,
  detail BLOB NOT NULL,
  PRIMARY KEY (run_seq, key, segment)
);
CREATE TABLE metric_parts (
  run_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  segment BIGINT NOT NULL,
  part BIGINT NOT NULL,
  last_ms BIGINT NOT NULL,
  step_min BIGINT NOT NULL,
  step_max BIGINT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (run_seq, key, segment, part)
);
-- How often a run was compacted: who would compact it finds here whether another did meanwhile.
CREATE TABLE metric_compactions (
  run_seq INTEGER PRIMARY KEY,
  count BIGINT NOT NULL
);
-- The latest point of each metric, raised by the call that brings it. NaN is 0 with a mark.
CREATE TABLE latest_metrics (
  run_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  timestamp_ms BIGINT NOT NULL,
  step BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (run_seq, key)
) WITHOUT ROWID;
CREATE INDEX latest_by_value ON latest_metrics (key, is_nan, value, run_seq);

CREATE TABLE datasets (
  dataset_seq INTEGER PRIMARY KEY,
  experiment_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema TEXT,
  profile TEXT,
  UNIQUE (experiment_id, name, digest)
);
CREATE TABLE run_inputs (
  run_seq BIGINT NOT NULL,
  dataset_seq BIGINT NOT NULL REFERENCES datasets (dataset_seq),
  PRIMARY KEY (run_seq, dataset_seq)
);
CREATE INDEX run_inputs_by_dataset ON run_inputs (dataset_seq, run_seq);
CREATE TABLE run_input_tags (
  run_seq BIGINT NOT NULL,
  dataset_seq BIGINT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run_seq, dataset_seq, key)
);

CREATE TABLE logged_models (
  model_id TEXT PRIMARY KEY,
  experiment_id BIGINT NOT NULL REFERENCES experiments (experiment_id),
  name TEXT NOT NULL,
  artifact_uri TEXT NOT NULL,
  status BIGINT NOT NULL,
  model_type TEXT NOT NULL,
  source_run_id TEXT NOT NULL,
  lifecycle TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE INDEX logged_models_by_experiment ON logged_models (experiment_id, created_ms DESC);
CREATE TABLE logged_model_params (
  model_id TEXT NOT NULL REFERENCES logged_models (model_id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_id, key)
);
CREATE TABLE logged_model_tags (
  model_id TEXT NOT NULL REFERENCES logged_models (model_id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_id, key)
);
-- The points of a model's metrics by run and dataset; '' where no dataset was named.
CREATE TABLE logged_model_metrics (
  model_id TEXT NOT NULL REFERENCES logged_models (model_id),
  key TEXT NOT NULL,
  run_id TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  timestamp_ms BIGINT NOT NULL,
  step BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (model_id, key, run_id, dataset_name, dataset_digest, timestamp_ms, step)
);
-- Which models a run took in ('input') and which it made ('output').
CREATE TABLE run_models (
  run_seq BIGINT NOT NULL,
  direction TEXT NOT NULL,
  model_id TEXT NOT NULL,
  step BIGINT NOT NULL,
  PRIMARY KEY (run_seq, direction, model_id, step)
);
