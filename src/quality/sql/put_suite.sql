-- Stores a suite under its name, replacing what was there.
INSERT INTO suites (name, body, expectation_count, created_ms, updated_ms, updated_by, version)
VALUES ($1, $2, $3, $4, $4, $5, $6)
ON CONFLICT (name) DO UPDATE SET body = excluded.body,
  expectation_count = excluded.expectation_count, updated_ms = excluded.updated_ms,
  updated_by = excluded.updated_by, version = excluded.version
