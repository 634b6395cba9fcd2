-- The suite of a name.
SELECT body FROM suites WHERE name = $1
