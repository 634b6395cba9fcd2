-- Versions may be held back until suites have judged them. current_version is the newest that is not.
ALTER TABLE dataset_heads ADD COLUMN current_version BIGINT NOT NULL DEFAULT 0;
UPDATE dataset_heads SET current_version = latest_version;
ALTER TABLE dataset_versions ADD COLUMN state TEXT NOT NULL DEFAULT 'ready';
ALTER TABLE dataset_versions ADD COLUMN state_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE dataset_versions ADD COLUMN state_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE dataset_versions ADD COLUMN state_by TEXT NOT NULL DEFAULT '';
CREATE INDEX dataset_versions_held ON dataset_versions (created_ms)
  WHERE state IN ('pending', 'quarantined');
