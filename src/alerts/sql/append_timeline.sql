-- Notes what happened to an alert.
INSERT INTO alert_timeline (alert, time_ms, what, who, note) VALUES ($1, $2, $3, $4, $5)
