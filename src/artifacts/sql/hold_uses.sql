-- Lets nobody make something of files until the transaction ends: SQLite has one writer anyway.
SELECT 1
