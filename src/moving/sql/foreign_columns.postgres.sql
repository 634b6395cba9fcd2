-- The tables of a foreign PostgreSQL database and their columns.
SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
WHERE table_schema = ANY (current_schemas(false))
