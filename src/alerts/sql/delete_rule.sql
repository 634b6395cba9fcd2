-- Deletes a rule.
DELETE FROM alert_rules WHERE name = $1
