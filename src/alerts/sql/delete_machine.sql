-- Forgets the state of a label set of a rule.
DELETE FROM alert_machines WHERE rule = $1 AND labels = $2
