-- What was a rule made to, newest first?
SELECT version, spec, time_ms, who FROM alert_rule_versions WHERE name = $1
ORDER BY version DESC LIMIT $2
