-- How many silences have not ended?
SELECT COUNT(*) FROM alert_silences WHERE ends_ms > $1
