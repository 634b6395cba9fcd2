-- Counts a compaction of a run that has seen $2 before; changes nothing when it has seen another.
INSERT INTO metric_compactions (run_seq, count) VALUES ($1, $2 + 1)
ON CONFLICT (run_seq) DO UPDATE SET count = excluded.count WHERE metric_compactions.count = $2
