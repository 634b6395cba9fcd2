-- One token with its principal and the principal's roles, for checking a caller.
SELECT t.secret_hash, t.expires_ms, p.name, r.role, t.name
FROM tokens t
JOIN principals p ON p.principal_id = t.principal_id
LEFT JOIN principal_roles r ON r.principal_id = p.principal_id
WHERE t.token_id = $1
