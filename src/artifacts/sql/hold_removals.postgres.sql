-- Lets nobody abandon files until the transaction ends; those who make something of files do not
-- wait for each other.
SELECT pg_advisory_xact_lock_shared(7770002)
