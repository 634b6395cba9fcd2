-- Where a run's metrics are, when it began and how often they were compacted.
SELECT r.run_seq, r.start_ms, COALESCE(c.count, 0)
FROM runs r LEFT JOIN metric_compactions c ON c.run_seq = r.run_seq
WHERE r.run_id = $1
