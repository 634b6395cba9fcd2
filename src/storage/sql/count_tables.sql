-- How many tables are there?
SELECT count(*) FROM sqlite_schema WHERE type = 'table'
