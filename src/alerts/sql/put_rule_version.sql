-- Remembers what a rule was made to; no spec for a deleted one.
INSERT INTO alert_rule_versions (name, version, spec, time_ms, who) VALUES ($1, $2, $3, $4, $5)
