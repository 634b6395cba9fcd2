-- What is known about stored files beside their bytes.
CREATE TABLE artifacts (
  path TEXT COLLATE "C" PRIMARY KEY,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  stored_ms BIGINT NOT NULL,
  stored_by TEXT NOT NULL
);
