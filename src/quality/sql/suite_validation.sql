-- The newest validation of a suite, of one dataset and version where they are given. Without a version
-- those of versions that are held do not count: nobody makes a model of them.
SELECT dataset, version, success, evaluated, unsuccessful FROM validations
WHERE suite = $1 AND ($2 = '' OR dataset = $2) AND ($3 = 0 OR version = $3)
  AND ($3 <> 0 OR NOT EXISTS (
    SELECT 1 FROM dataset_versions v
    WHERE v.dataset = validations.dataset AND v.version = validations.version
      AND v.state IN ('pending', 'quarantined')))
ORDER BY created_ms DESC, id DESC LIMIT 1
