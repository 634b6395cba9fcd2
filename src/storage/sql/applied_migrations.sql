-- Which migrations were applied, and from what text?
SELECT number, checksum FROM schema_migrations ORDER BY number
