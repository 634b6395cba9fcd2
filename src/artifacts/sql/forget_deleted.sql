-- Forgets a deleted file that was collected or brought back.
DELETE FROM deleted_artifacts WHERE id = $1
