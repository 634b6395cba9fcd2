-- What is watched: an endpoint against a reference profile, with thresholds.
CREATE TABLE monitors (
  name TEXT COLLATE "C" PRIMARY KEY,
  endpoint TEXT COLLATE "C" NOT NULL,
  model TEXT COLLATE "C" NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'paused')),
  spec TEXT NOT NULL,
  profile TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  judged_drift_ms BIGINT NOT NULL,
  judged_performance_ms BIGINT NOT NULL
);
CREATE INDEX monitors_by_endpoint ON monitors (endpoint);
-- What was measured, by window of event time; `drift` and `performance` are JSON.
CREATE TABLE monitor_windows (
  monitor TEXT COLLATE "C" NOT NULL,
  start_ms BIGINT NOT NULL,
  end_ms BIGINT NOT NULL,
  predictions BIGINT NOT NULL,
  outcomes BIGINT NOT NULL,
  complete BIGINT NOT NULL,
  drift TEXT NOT NULL,
  performance TEXT NOT NULL,
  updated_ms BIGINT NOT NULL,
  PRIMARY KEY (monitor, start_ms)
);
CREATE TABLE alerts (
  id TEXT COLLATE "C" PRIMARY KEY,
  monitor TEXT COLLATE "C" NOT NULL,
  endpoint TEXT COLLATE "C" NOT NULL,
  model TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  feature TEXT COLLATE "C" NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  threshold DOUBLE PRECISION NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('open', 'closed')),
  opened_ms BIGINT NOT NULL,
  closed_ms BIGINT,
  window_start_ms BIGINT NOT NULL,
  window_end_ms BIGINT NOT NULL,
  message TEXT NOT NULL,
  pipeline_run TEXT COLLATE "C"
);
CREATE UNIQUE INDEX alerts_open ON alerts (monitor, kind, feature) WHERE state = 'open';
CREATE INDEX alerts_by_time ON alerts (opened_ms, id);
