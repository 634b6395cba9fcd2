-- The latest metrics of a run, for gates: read where tracking keeps them, so that a gate judges in
-- the transaction that moves the alias.
SELECT l.key, l.value, l.is_nan FROM latest_metrics l JOIN runs r ON r.run_seq = l.run_seq
WHERE r.run_id = $1
