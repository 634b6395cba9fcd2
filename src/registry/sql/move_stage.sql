-- Moves a version to a stage.
UPDATE model_versions SET stage = $3, updated_ms = $4 WHERE model_seq = $1 AND version = $2
