-- Counts a dataset's versions on.
UPDATE dataset_heads SET latest_version = $2 WHERE name = $1
