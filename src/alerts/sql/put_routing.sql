-- Changes who is told of what.
INSERT INTO alert_routings (version, spec, time_ms, who) VALUES ($1, $2, $3, $4)
