-- Takes all roles from a principal.
DELETE FROM principal_roles WHERE principal_id = $1
