-- Removes what a run that goes has in metric_segments.
DELETE FROM metric_segments WHERE run_seq = $1
