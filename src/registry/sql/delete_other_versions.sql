-- Marks the versions of a model that $2, a JSON array, does not name as deleted at $3.
UPDATE model_versions SET deleted_ms = $3
WHERE model_seq = $1 AND deleted_ms IS NULL
  AND version NOT IN (SELECT value FROM json_each($2))
