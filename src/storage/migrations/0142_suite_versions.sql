-- What a suite was, by version, with who changed it and why; what each check came to in a validation.
ALTER TABLE suites ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
CREATE TABLE suite_versions (
  suite TEXT NOT NULL,
  version BIGINT NOT NULL,
  body TEXT NOT NULL,
  expectation_count BIGINT NOT NULL,
  reason TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (suite, version)
);
INSERT INTO suite_versions (suite, version, body, expectation_count, reason, created_ms, created_by)
SELECT name, 1, body, expectation_count, '', updated_ms, updated_by FROM suites;
ALTER TABLE validations ADD COLUMN suite_version BIGINT NOT NULL DEFAULT 0;
ALTER TABLE validations ADD COLUMN outcomes TEXT NOT NULL DEFAULT '';
CREATE INDEX validations_by_suite ON validations (suite, dataset, created_ms);
