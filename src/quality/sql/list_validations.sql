-- Validations, newest first, of one dataset or of all when it is ''.
SELECT id, suite, dataset, version, success, evaluated, unsuccessful, created_ms, created_by,
  suite_version
FROM validations WHERE ($1 = '' OR dataset = $1)
ORDER BY created_ms DESC, id DESC LIMIT $2
