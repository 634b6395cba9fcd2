-- Removes the parts of a segment that went into another.
DELETE FROM metric_parts WHERE run_seq = $1 AND key = $2 AND segment = $3
