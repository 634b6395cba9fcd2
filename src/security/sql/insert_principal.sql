-- Creates a principal and returns its id.
INSERT INTO principals (name, password_hash, created_ms, updated_ms) VALUES ($1, $2, $3, $3)
RETURNING principal_id
