-- Removes a run that has nothing any more.
DELETE FROM runs WHERE run_seq = $1
