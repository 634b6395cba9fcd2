-- Lets nobody abandon files until the transaction ends: SQLite has one writer anyway.
SELECT 1
