-- Marks an endpoint deleted; its row and revisions stay for the predictions that name them.
UPDATE endpoints SET deleted_ms = $2, promoting = NULL WHERE name = $1
