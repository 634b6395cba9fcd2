-- Gives an endpoint the next number of what it promises.
UPDATE endpoints SET api_version = $2 WHERE name = $1
