-- The suites that judge a version of a dataset ($1) that was made of a source ($2, '' for none), with
-- their current versions.
SELECT a.kind, a.target, a.suite, a.on_failure, coalesce(s.version, 0)
FROM suite_attachments a LEFT JOIN suites s ON s.name = a.suite
WHERE (a.kind = 'dataset' AND a.target = $1) OR (a.kind = 'source' AND a.target = $2 AND $2 <> '')
ORDER BY a.suite, a.kind
