-- How many principals there are.
SELECT COUNT(*) FROM principals
