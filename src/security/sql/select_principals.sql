-- Principals after a name, in the order of their names, with their roles.
SELECT p.principal_id, p.name, p.password_hash, p.created_ms, p.updated_ms, r.role
FROM principals p LEFT JOIN principal_roles r ON r.principal_id = p.principal_id
WHERE p.principal_id IN (SELECT principal_id FROM principals WHERE name > $1 ORDER BY name LIMIT $2)
ORDER BY p.name, r.role
