-- Removes what a run that goes has in run_models.
DELETE FROM run_models WHERE run_seq = $1
