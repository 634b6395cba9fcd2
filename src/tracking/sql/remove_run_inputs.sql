-- Removes what a run that goes has in run_inputs.
DELETE FROM run_inputs WHERE run_seq = $1
