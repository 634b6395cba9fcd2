-- Opens a change to a suite.
INSERT INTO suite_proposals (id, suite, expectation, base_version, base, change, reason,
  validation_id, state, created_ms, created_by, decided_ms, decided_by, decision, result_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10, 0, '', '', 0)
