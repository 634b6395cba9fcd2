-- The versions of a suite, newest first.
SELECT version, expectation_count, reason, created_ms, created_by FROM suite_versions
WHERE suite = $1 ORDER BY version DESC LIMIT $2
