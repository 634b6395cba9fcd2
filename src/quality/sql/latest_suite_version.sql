-- The number of the newest version that a suite ever had, 0 for none.
SELECT coalesce(max(version), 0) FROM suite_versions WHERE suite = $1
