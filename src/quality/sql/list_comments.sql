-- What was said of a suite's expectations, or of one of them, newest first.
SELECT id, suite, expectation, validation_id, text, created_ms, created_by FROM suite_comments
WHERE suite = $1 AND ($2 = '' OR expectation = $2)
ORDER BY created_ms DESC, id DESC LIMIT $3
