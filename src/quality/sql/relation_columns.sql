-- The columns of a table or view of PostgreSQL and their types, in their order.
SELECT a.attname::text, a.atttypid::regtype::text
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
