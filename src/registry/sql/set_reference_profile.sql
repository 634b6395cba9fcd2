-- Stores the training reference profile of a version.
UPDATE model_versions SET reference_profile = $3, updated_ms = $4
WHERE model_seq = $1 AND version = $2
