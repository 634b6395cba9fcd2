-- Notes what the files of a shown run were like when it was read.
INSERT INTO mounted_runs (run_seq, fingerprint) VALUES ($1, $2)
ON CONFLICT (run_seq) DO UPDATE SET fingerprint = excluded.fingerprint
