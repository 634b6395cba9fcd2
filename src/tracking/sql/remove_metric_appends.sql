-- Removes what a run that goes has in metric_appends.
DELETE FROM metric_appends WHERE run_seq = $1
