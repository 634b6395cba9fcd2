-- Which columns does the database number itself by a sequence?
SELECT t.relname::text, a.attname::text
FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attidentity <> ''
WHERE t.relkind = 'r' AND t.relnamespace = current_schema()::regnamespace
  AND NOT (t.relname = 'events' AND a.attname = 'seq')
