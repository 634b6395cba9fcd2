-- What the store called a file when its sum was recorded: a file that is called otherwise now was
-- changed by other means, and the sum says nothing about it.
ALTER TABLE artifacts ADD COLUMN version TEXT NOT NULL DEFAULT '';
