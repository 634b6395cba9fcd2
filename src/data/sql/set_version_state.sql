-- Says whether a version may be taken, and why.
UPDATE dataset_versions SET state = $3, state_reason = $4, state_ms = $5, state_by = $6
WHERE dataset = $1 AND version = $2
