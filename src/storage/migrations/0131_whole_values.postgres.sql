-- PostgreSQL keeps the index on beginnings, for it limits the size of an index row.
SELECT 1;
