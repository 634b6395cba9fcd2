-- How many alerts are pending and firing, by severity?
SELECT phase, severity, COUNT(*) FROM rule_alerts WHERE phase <> 'resolved' GROUP BY phase, severity
