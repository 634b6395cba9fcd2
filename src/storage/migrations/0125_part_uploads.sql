-- Uploads in parts that are under way. The parts themselves are kept by the store, in a folder that
-- nobody sees. What a client did not announce of the whole is -1 or empty.
CREATE TABLE part_uploads (
  id TEXT PRIMARY KEY,
  path TEXT NOT NULL,
  secret TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  part_bytes BIGINT NOT NULL,
  begun_by TEXT NOT NULL,
  touched_ms BIGINT NOT NULL
);
CREATE INDEX part_uploads_by_path ON part_uploads (path);
CREATE INDEX part_uploads_by_touch ON part_uploads (touched_ms);

CREATE TABLE uploaded_parts (
  upload_id TEXT NOT NULL REFERENCES part_uploads (id) ON DELETE CASCADE,
  number BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  sha256 TEXT NOT NULL,
  PRIMARY KEY (upload_id, number)
);
