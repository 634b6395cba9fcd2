-- Forgets an alert that was resolved long ago.
DELETE FROM rule_alerts WHERE id = $1 AND phase = 'resolved'
