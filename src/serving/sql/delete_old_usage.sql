-- Forgets what callers asked before a day.
DELETE FROM endpoint_usage WHERE day < $1
