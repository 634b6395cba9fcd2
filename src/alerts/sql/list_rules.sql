-- Which rules are there?
SELECT name, version, spec, updated_ms, who FROM alert_rules ORDER BY name
