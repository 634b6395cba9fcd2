-- Removes a suite; its versions stay.
DELETE FROM suites WHERE name = $1
