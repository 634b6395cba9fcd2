-- Who is told of what now?
SELECT version, spec, time_ms, who FROM alert_routings ORDER BY version DESC LIMIT 1
