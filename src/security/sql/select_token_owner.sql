-- The name of a token's principal.
SELECT p.name, t.name FROM tokens t JOIN principals p ON p.principal_id = t.principal_id
WHERE t.token_id = $1
