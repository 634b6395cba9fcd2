-- The tables of a foreign SQLite file and their columns.
SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'
