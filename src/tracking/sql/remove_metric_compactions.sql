-- Removes what a run that goes has in metric_compactions.
DELETE FROM metric_compactions WHERE run_seq = $1
