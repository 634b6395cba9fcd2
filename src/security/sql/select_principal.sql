-- One principal by name, with its roles.
SELECT p.principal_id, p.name, p.password_hash, p.created_ms, p.updated_ms, r.role
FROM principals p LEFT JOIN principal_roles r ON r.principal_id = p.principal_id
WHERE p.name = $1
