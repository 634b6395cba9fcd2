-- Forgets what happened to an alert.
DELETE FROM alert_timeline WHERE alert = $1
