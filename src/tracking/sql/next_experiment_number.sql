-- SQLite numbers on from the greatest one by itself.
SELECT 0
