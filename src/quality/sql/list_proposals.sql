-- Proposed changes, newest first: of one suite or of all, in one state or in any.
SELECT id, suite, expectation, base_version, base, change, reason, validation_id, state, created_ms,
  created_by, decided_ms, decided_by, decision, result_version
FROM suite_proposals WHERE ($1 = '' OR suite = $1) AND ($2 = '' OR state = $2)
ORDER BY created_ms DESC, id DESC LIMIT $3
