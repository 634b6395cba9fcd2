-- The middle summary of a segment.
SELECT overview FROM metric_segments WHERE run_seq = $1 AND key = $2 AND segment = $3
