-- The tokens of a principal, or of all when the name is empty, newest first.
SELECT t.token_id, p.name, t.name, t.created_ms, t.expires_ms
FROM tokens t JOIN principals p ON p.principal_id = t.principal_id
WHERE $1 = '' OR p.name = $1
ORDER BY t.created_ms DESC, t.token_id
LIMIT $2
