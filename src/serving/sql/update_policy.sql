-- Gives an endpoint its settings.
UPDATE endpoints SET policy = $2 WHERE name = $1
