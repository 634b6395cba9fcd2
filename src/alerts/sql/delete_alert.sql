-- Forgets an alert that never fired.
DELETE FROM rule_alerts WHERE id = $1 AND phase = 'pending'
