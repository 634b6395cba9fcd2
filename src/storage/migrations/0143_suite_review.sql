-- What people say of a suite's expectations, and the changes that they propose.
CREATE TABLE suite_comments (
  id TEXT PRIMARY KEY,
  suite TEXT NOT NULL,
  expectation TEXT NOT NULL,
  validation_id TEXT NOT NULL,
  text TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL
);
CREATE INDEX suite_comments_by_suite ON suite_comments (suite, created_ms);
-- `base` is the expectation as it was in base_version, `change` what is to become of it, both JSON.
CREATE TABLE suite_proposals (
  id TEXT PRIMARY KEY,
  suite TEXT NOT NULL,
  expectation TEXT NOT NULL,
  base_version BIGINT NOT NULL,
  base TEXT NOT NULL,
  change TEXT NOT NULL,
  reason TEXT NOT NULL,
  validation_id TEXT NOT NULL,
  state TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  decided_ms BIGINT NOT NULL,
  decided_by TEXT NOT NULL,
  decision TEXT NOT NULL,
  result_version BIGINT NOT NULL
);
CREATE INDEX suite_proposals_by_suite ON suite_proposals (suite, created_ms);
