-- What is the newest place in the log?
SELECT COALESCE(MAX(seq), 0) FROM events
