-- Removes a segment that went into another.
DELETE FROM metric_segments WHERE run_seq = $1 AND key = $2 AND segment = $3
