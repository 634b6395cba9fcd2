-- Files and folders whose owner is gone for good and that are still to be removed: written with the
-- owner's removal, deleted after the last byte.
CREATE TABLE abandoned_artifacts (
  path TEXT PRIMARY KEY,
  abandoned_ms BIGINT NOT NULL
);
