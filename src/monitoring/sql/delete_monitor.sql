-- Removes a monitor.
DELETE FROM monitors WHERE name = $1
