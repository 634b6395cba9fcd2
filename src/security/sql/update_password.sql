-- Gives a principal another password.
UPDATE principals SET password_hash = $2, updated_ms = $3 WHERE name = $1
