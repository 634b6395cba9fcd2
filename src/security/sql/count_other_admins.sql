-- How many admins there are besides one principal.
SELECT COUNT(*) FROM principal_roles WHERE role = 'admin' AND principal_id <> $1
