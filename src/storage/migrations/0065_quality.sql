-- Suites of expectations by name, and what they found.
CREATE TABLE suites (
  name TEXT PRIMARY KEY,
  body TEXT NOT NULL,
  expectation_count BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  updated_by TEXT NOT NULL
);
-- `result` is the whole answer as JSON; the counts stand beside it so that lists need not read it.
CREATE TABLE validations (
  id TEXT PRIMARY KEY,
  suite TEXT NOT NULL,
  dataset TEXT NOT NULL,
  version BIGINT NOT NULL,
  success BIGINT NOT NULL,
  evaluated BIGINT NOT NULL,
  unsuccessful BIGINT NOT NULL,
  result TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL
);
CREATE INDEX validations_by_time ON validations (created_ms, id);
CREATE INDEX validations_by_dataset ON validations (dataset, version, created_ms);
