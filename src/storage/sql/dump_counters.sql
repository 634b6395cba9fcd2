-- Which numbers were drawn last where no number may ever be drawn twice?
SELECT 'lease_generation', last FROM lease_generation
UNION ALL
SELECT 'events.seq', seq FROM sqlite_sequence WHERE name = 'events'
