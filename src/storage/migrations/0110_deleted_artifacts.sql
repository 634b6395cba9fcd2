-- What the store called a file when its sum was recorded: a file that is called otherwise now was
-- changed by other means, and the sum says nothing about it.
ALTER TABLE artifacts ADD COLUMN version TEXT NOT NULL DEFAULT '';

-- Files and folders that were deleted and can be brought back until they are collected; the store
-- keeps them under their id.
CREATE TABLE deleted_artifacts (
  id TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  deleted_ms BIGINT NOT NULL,
  deleted_by TEXT NOT NULL
);
CREATE INDEX deleted_artifacts_by_time ON deleted_artifacts (deleted_ms, id);
