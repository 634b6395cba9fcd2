-- Stores what a suite found.
INSERT INTO validations (id, suite, dataset, version, success, evaluated, unsuccessful, result,
  created_ms, created_by, suite_version, outcomes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
