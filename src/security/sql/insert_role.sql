-- Gives a principal a role.
INSERT INTO principal_roles (principal_id, role, granted_ms, granted_by) VALUES ($1, $2, $3, $4)
