-- How many rows has each caller asked of each endpoint on a day?
SELECT u.endpoint, u.principal, u.asked_rows
FROM endpoint_usage u
JOIN endpoints e ON e.name = u.endpoint AND e.deleted_ms IS NULL
WHERE u.day = $1
