-- Locks a dataset until the end of the transaction, so that versions are counted one after another.
UPDATE dataset_heads SET latest_version = latest_version WHERE name = $1
RETURNING latest_version
