-- The points of a small segment; no bytes when they are in parts.
SELECT data FROM metric_segments WHERE run_seq = $1 AND key = $2 AND segment = $3
