-- Notes that searches know the metrics of a run.
DELETE FROM unranked_runs WHERE run_seq = $1
