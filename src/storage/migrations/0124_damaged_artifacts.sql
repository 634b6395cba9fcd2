-- When a file was found to hold other bytes than were stored, 0 where it was not; a new upload to
-- its path, or its return out of a backup, makes it 0 again.
ALTER TABLE artifacts ADD COLUMN damaged_ms BIGINT NOT NULL DEFAULT 0;
