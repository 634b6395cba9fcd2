-- Which columns has each table of ours, in order, and at which place of its primary key, 0 for none?
-- The counter of leases is no table everywhere: it is dumped as a counter.
SELECT m.name, c.name, c.pk
FROM sqlite_schema m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\'
  AND m.name NOT IN ('schema_migrations', 'lease_generation')
ORDER BY m.name, c.cid
