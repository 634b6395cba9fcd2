-- Removes a principal that has neither roles nor tokens any more.
DELETE FROM principals WHERE principal_id = $1
