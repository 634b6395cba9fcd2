-- Experiments that are shown here of a folder which another tool writes
-- (docs/decisions/0016-mounts.md): nobody changes them here, nor what belongs to them.
CREATE TABLE mounted_experiments (
  folder TEXT NOT NULL,
  source_id TEXT NOT NULL,
  experiment_id BIGINT NOT NULL UNIQUE REFERENCES experiments (experiment_id),
  PRIMARY KEY (folder, source_id)
);
-- What the files of a shown run were like when it was last read.
CREATE TABLE mounted_runs (
  run_seq BIGINT PRIMARY KEY,
  fingerprint TEXT NOT NULL
);
