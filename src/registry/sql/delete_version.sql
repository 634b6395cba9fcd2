-- Marks a version as deleted.
UPDATE model_versions SET deleted_ms = $3, updated_ms = $3 WHERE model_seq = $1 AND version = $2
