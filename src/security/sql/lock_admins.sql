-- Takes the admins' rows until the end of the transaction, so that two of them cannot remove each
-- other at once.
UPDATE principal_roles SET granted_ms = granted_ms WHERE role = 'admin'
