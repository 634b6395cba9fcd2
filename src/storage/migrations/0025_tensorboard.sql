-- How far each TensorBoard event file of a run has been read, and what stopped it, if anything did.
CREATE TABLE event_files (
  run_id TEXT NOT NULL,
  file TEXT NOT NULL,
  bytes_read BIGINT NOT NULL,
  records BIGINT NOT NULL,
  problem TEXT NOT NULL,
  updated_ms BIGINT NOT NULL,
  PRIMARY KEY (run_id, file)
);
-- The tags of a run's summaries. `folder` is where in the run's artifacts its event files lie, `key`
-- the name as a metric and as a folder of images, `plugin` what the tag's first value named.
CREATE TABLE summary_tags (
  seq INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  tag TEXT NOT NULL,
  folder TEXT NOT NULL,
  key TEXT NOT NULL,
  plugin TEXT NOT NULL,
  seen BIGINT NOT NULL,
  UNIQUE (run_id, kind, tag)
);
-- The kept histograms, images and texts; `data` is JSON as its kind has it.
CREATE TABLE summary_samples (
  tag_seq BIGINT NOT NULL REFERENCES summary_tags (seq),
  step BIGINT NOT NULL,
  time_ms BIGINT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (tag_seq, step)
);
