-- Archives the other versions of a stage.
UPDATE model_versions SET stage = 'Archived', updated_ms = $4
WHERE model_seq = $1 AND version <> $2 AND stage = $3 AND deleted_ms IS NULL
RETURNING version
