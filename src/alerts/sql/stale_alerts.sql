-- Which alerts were resolved before a time?
SELECT id FROM rule_alerts WHERE resolved_ms < $1 LIMIT $2
