-- The checks of a version.
SELECT name, passed, summary, details, time_ms, who FROM model_version_checks
WHERE model_seq = $1 AND version = $2 ORDER BY name
