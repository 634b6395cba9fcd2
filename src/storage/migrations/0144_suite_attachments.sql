-- Suites that judge every new version of a dataset, or every one that is made of a source.
CREATE TABLE suite_attachments (
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  suite TEXT NOT NULL REFERENCES suites (name),
  on_failure TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (kind, target, suite)
);
