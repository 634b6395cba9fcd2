-- Which migrations were applied, by which names and from what texts?
SELECT number, name, checksum FROM schema_migrations ORDER BY number
