-- Lets nobody make something of files until the transaction ends.
SELECT pg_advisory_xact_lock(7770002)
