-- Notes that the latest metrics of a run are the latest.
DELETE FROM unraised_runs WHERE run_seq = $1
