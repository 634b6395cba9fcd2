-- Remembers the state of a label set of a rule.
INSERT INTO alert_machines (rule, labels, alert, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (rule, labels) DO UPDATE SET alert = EXCLUDED.alert, state = EXCLUDED.state
