-- Removes what a run that goes has in run_input_tags.
DELETE FROM run_input_tags WHERE run_seq = $1
