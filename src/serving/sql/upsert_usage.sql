-- Sets how many rows a caller has asked of an endpoint on a day.
INSERT INTO endpoint_usage (endpoint, day, principal, asked_rows) VALUES ($1, $2, $3, $4)
ON CONFLICT (endpoint, day, principal) DO UPDATE SET asked_rows = excluded.asked_rows
