-- The fine summary of a segment.
SELECT detail FROM metric_segments WHERE run_seq = $1 AND key = $2 AND segment = $3
