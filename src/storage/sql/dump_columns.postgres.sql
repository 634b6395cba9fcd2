-- Which columns has each table of ours, in order, and at which place of its primary key, 0 for none?
SELECT t.relname::text, a.attname::text,
       coalesce(array_position(k.indkey::int2[], a.attnum) + 1, 0)::bigint
FROM pg_class t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_index k ON k.indrelid = t.oid AND k.indisprimary
WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace
  AND t.relname <> 'schema_migrations'
ORDER BY t.relname COLLATE "C", a.attnum
