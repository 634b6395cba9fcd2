-- The suite of a name and its version.
SELECT body, version FROM suites WHERE name = $1
