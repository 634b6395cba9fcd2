-- One registered model that is not deleted.
SELECT model_seq, name, description, created_ms, updated_ms, gate
FROM registered_models WHERE name = $1 AND deleted_ms IS NULL
