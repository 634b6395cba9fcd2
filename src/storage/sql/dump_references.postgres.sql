-- Which table refers to which other one?
SELECT DISTINCT t.relname::text, f.relname::text
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class f ON f.oid = c.confrelid
WHERE c.contype = 'f' AND t.relnamespace = current_schema()::regnamespace AND t.oid <> f.oid
