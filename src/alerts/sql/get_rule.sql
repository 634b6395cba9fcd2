-- What is a rule?
SELECT name, version, spec, updated_ms, who FROM alert_rules WHERE name = $1
