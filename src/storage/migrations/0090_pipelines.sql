-- Pipelines, each version of their text, their runs, tasks and attempts.
CREATE TABLE pipelines (
  name TEXT PRIMARY KEY,
  version BIGINT NOT NULL,
  digest TEXT NOT NULL,
  yaml TEXT NOT NULL,
  -- Triggers see events after this one.
  triggers_after BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  who TEXT NOT NULL
);
CREATE TABLE pipeline_versions (
  name TEXT NOT NULL REFERENCES pipelines (name),
  version BIGINT NOT NULL,
  digest TEXT NOT NULL,
  yaml TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  PRIMARY KEY (name, version)
);
CREATE TABLE pipeline_runs (
  id TEXT PRIMARY KEY,
  pipeline TEXT NOT NULL REFERENCES pipelines (name),
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  params TEXT NOT NULL,
  -- The event that started it, as JSON, and which of the pipeline's triggers; empty and -1 by hand.
  event TEXT NOT NULL,
  trigger_number BIGINT NOT NULL,
  who TEXT NOT NULL,
  message TEXT NOT NULL,
  cancelled_by TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  started_ms BIGINT,
  ended_ms BIGINT
);
CREATE INDEX pipeline_runs_newest ON pipeline_runs (created_ms, id);
CREATE INDEX pipeline_runs_of ON pipeline_runs (pipeline, created_ms, id);
CREATE INDEX pipeline_runs_live ON pipeline_runs (pipeline, state, created_ms)
  WHERE state IN ('queued', 'running');
CREATE TABLE pipeline_tasks (
  run TEXT NOT NULL REFERENCES pipeline_runs (id),
  name TEXT NOT NULL,
  position BIGINT NOT NULL,
  needs TEXT NOT NULL,
  state TEXT NOT NULL,
  outputs TEXT NOT NULL,
  message TEXT NOT NULL,
  not_before_ms BIGINT NOT NULL,
  started_ms BIGINT,
  ended_ms BIGINT,
  PRIMARY KEY (run, name)
);
CREATE TABLE pipeline_attempts (
  run TEXT NOT NULL,
  task TEXT NOT NULL,
  number BIGINT NOT NULL,
  state TEXT NOT NULL,
  owner TEXT NOT NULL,
  message TEXT NOT NULL,
  exit_code BIGINT,
  started_ms BIGINT NOT NULL,
  ended_ms BIGINT,
  PRIMARY KEY (run, task, number),
  FOREIGN KEY (run, task) REFERENCES pipeline_tasks (run, name)
);
-- How far the triggers have followed the event log.
CREATE TABLE pipeline_cursor (seq BIGINT NOT NULL);
INSERT INTO pipeline_cursor (seq) VALUES (0);
