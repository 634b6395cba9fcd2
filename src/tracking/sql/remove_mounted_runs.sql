-- Removes what a run that goes has in mounted_runs.
DELETE FROM mounted_runs WHERE run_seq = $1
