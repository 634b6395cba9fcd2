-- Keeps what a suite is from here on, and why.
INSERT INTO suite_versions (suite, version, body, expectation_count, reason, created_ms, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
