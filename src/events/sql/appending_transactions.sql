-- Which transactions hold the lock of appends, and may thus have drawn a seq that is not visible
-- yet? Only asked on PostgreSQL.
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'advisory' AND classid = 0 AND objid = 7770001 AND objsubid = 1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
