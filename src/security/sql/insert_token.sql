-- Stores a token; only the hash of its secret.
INSERT INTO tokens (token_id, principal_id, name, secret_hash, created_ms, expires_ms, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7)
