-- What the checks of a suite came to on a dataset, newest first. The whole result is read only where
-- it was stored before outcomes were.
SELECT id, version, suite_version, created_ms, outcomes,
  CASE WHEN outcomes = '' THEN result ELSE '' END
FROM validations WHERE suite = $1 AND dataset = $2
ORDER BY created_ms DESC, id DESC LIMIT $3
