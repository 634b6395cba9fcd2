-- The newest validation of a dataset's version by a suite.
SELECT id, suite, dataset, version, success, evaluated, unsuccessful, created_ms, created_by,
  suite_version
FROM validations WHERE dataset = $1 AND version = $2 AND ($3 = '' OR suite = $3)
ORDER BY created_ms DESC, id DESC LIMIT 1
