-- Which receivers are there?
SELECT name, webhook, kind, send_resolved, updated_ms, who FROM alert_receivers ORDER BY name
