-- One monitor.
SELECT name, state, spec, profile, created_ms, judged_drift_ms, judged_performance_ms
FROM monitors WHERE name = $1
