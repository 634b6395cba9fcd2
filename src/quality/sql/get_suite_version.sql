-- A suite as it was in a version.
SELECT body, version FROM suite_versions WHERE suite = $1 AND version = $2
