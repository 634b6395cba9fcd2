-- One proposed change.
SELECT id, suite, expectation, base_version, base, change, reason, validation_id, state, created_ms,
  created_by, decided_ms, decided_by, decision, result_version
FROM suite_proposals WHERE id = $1
