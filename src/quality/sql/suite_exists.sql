-- Tells whether there is a suite of a name.
SELECT 1 FROM suites WHERE name = $1
