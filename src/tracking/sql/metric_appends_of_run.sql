-- What was appended to a run and is not compacted yet, the oldest first.
SELECT append_seq, data FROM metric_appends WHERE run_seq = $1 ORDER BY append_seq
