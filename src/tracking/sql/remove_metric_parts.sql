-- Removes what a run that goes has in metric_parts.
DELETE FROM metric_parts WHERE run_seq = $1
