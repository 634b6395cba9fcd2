-- The keys of metrics that matching runs have, when these are few; $3 is the key before the first,
-- $4 part of the key in any case, $5 how many.
SELECT DISTINCT c.key FROM /*from*/ CROSS JOIN latest_metrics c ON c.run_seq = r.run_seq
WHERE /*scope*/ AND /*filter*/ AND c.key > $3 AND instr(lower(c.key), lower($4)) > 0
ORDER BY c.key LIMIT $5
