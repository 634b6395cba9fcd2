-- Adds an alert, pending or firing.
INSERT INTO rule_alerts (id, rule, labels, severity, phase, value, threshold, summary, annotations,
  cause, from_monitor, flapping, pending_ms, fired_ms, seen_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12, $13, $14)
ON CONFLICT (id) DO NOTHING
