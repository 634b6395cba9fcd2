-- Notes that a run has points that may be later than its latest metrics.
INSERT INTO unraised_runs (run_seq) VALUES ($1) ON CONFLICT (run_seq) DO NOTHING
