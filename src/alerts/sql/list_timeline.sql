-- What happened to an alert, the newest first?
SELECT time_ms, what, who, note FROM alert_timeline WHERE alert = $1 ORDER BY seq DESC LIMIT $2
