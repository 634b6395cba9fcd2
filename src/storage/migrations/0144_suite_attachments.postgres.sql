-- Suites that judge every new version of a dataset, or every one that is made of a source.
CREATE TABLE suite_attachments (
  kind TEXT COLLATE "C" NOT NULL,
  target TEXT COLLATE "C" NOT NULL,
  suite TEXT COLLATE "C" NOT NULL REFERENCES suites (name),
  on_failure TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (kind, target, suite)
);
