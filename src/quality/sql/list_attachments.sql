-- Which suites judge what: the attachments of one suite, or all where it is ''.
SELECT kind, target, suite, on_failure, created_ms, created_by FROM suite_attachments
WHERE ($1 = '' OR suite = $1)
ORDER BY kind, target, suite LIMIT 10000
