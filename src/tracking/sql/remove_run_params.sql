-- Removes what a run that goes has in run_params.
DELETE FROM run_params WHERE run_seq = $1
