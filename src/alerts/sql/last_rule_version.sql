-- Which is the newest version that a rule ever had?
SELECT COALESCE(MAX(version), 0) FROM alert_rule_versions WHERE name = $1
