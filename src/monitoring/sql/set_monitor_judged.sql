-- Remembers up to which window a monitor has judged.
UPDATE monitors SET judged_drift_ms = $2, judged_performance_ms = $3 WHERE name = $1
