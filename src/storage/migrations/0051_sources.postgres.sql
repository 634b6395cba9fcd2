-- Where data comes from; `config` is JSON.
CREATE TABLE sources (
  name TEXT COLLATE "C" PRIMARY KEY,
  kind TEXT NOT NULL,
  dataset TEXT COLLATE "C" NOT NULL,
  config TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL
);
-- The manifest of archived raw bytes. `source` is empty for an upload.
CREATE TABLE snapshots (
  id TEXT PRIMARY KEY,
  source TEXT NOT NULL,
  location TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  etag TEXT NOT NULL,
  parser TEXT NOT NULL,
  state TEXT NOT NULL,
  error TEXT NOT NULL,
  dataset TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  created_ms BIGINT NOT NULL
);
CREATE INDEX snapshots_by_source ON snapshots (source, dataset, created_ms);
