-- Registered models that are shown here of a folder which another tool writes
-- (docs/decisions/0016-mounts.md), and what their files were like when they were last read.
CREATE TABLE mounted_models (
  folder TEXT NOT NULL,
  source_name TEXT NOT NULL,
  model_seq BIGINT NOT NULL UNIQUE REFERENCES registered_models (model_seq),
  fingerprint TEXT NOT NULL,
  PRIMARY KEY (folder, source_name)
);
