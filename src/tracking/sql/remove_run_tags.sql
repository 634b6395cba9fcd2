-- Removes what a run that goes has in run_tags.
DELETE FROM run_tags WHERE run_seq = $1
