-- Lets a suite judge what comes to a dataset or from a source.
INSERT INTO suite_attachments (kind, target, suite, on_failure, created_ms, created_by)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (kind, target, suite) DO UPDATE SET on_failure = excluded.on_failure,
  created_ms = excluded.created_ms, created_by = excluded.created_by
