-- One deleted file or folder.
SELECT id, path, deleted_ms, deleted_by FROM deleted_artifacts WHERE id = $1
