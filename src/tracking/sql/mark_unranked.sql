-- Notes that a run has metrics with values that searches do not know yet.
INSERT INTO unranked_runs (run_seq) VALUES ($1) ON CONFLICT (run_seq) DO NOTHING
