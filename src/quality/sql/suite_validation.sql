-- The newest validation of a suite, of one dataset and version where they are given.
SELECT dataset, version, success, evaluated, unsuccessful FROM validations
WHERE suite = $1 AND ($2 = '' OR dataset = $2) AND ($3 = 0 OR version = $3)
ORDER BY created_ms DESC, id DESC LIMIT 1
