-- Suites by name, after a name.
SELECT name, expectation_count, created_ms, updated_ms, updated_by, version FROM suites
WHERE name > $1 ORDER BY name LIMIT $2
