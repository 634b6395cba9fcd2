-- One validation with its whole result.
SELECT id, suite, dataset, version, success, evaluated, unsuccessful, created_ms, created_by,
  suite_version, result
FROM validations WHERE id = $1
