-- Sets the description of a version.
UPDATE model_versions SET description = $3, updated_ms = $4 WHERE model_seq = $1 AND version = $2
