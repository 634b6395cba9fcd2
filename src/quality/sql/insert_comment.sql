-- Keeps what somebody said of an expectation.
INSERT INTO suite_comments (id, suite, expectation, validation_id, text, created_ms, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
