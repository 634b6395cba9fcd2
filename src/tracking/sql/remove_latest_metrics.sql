-- Removes what a run that goes has in latest_metrics.
DELETE FROM latest_metrics WHERE run_seq = $1
