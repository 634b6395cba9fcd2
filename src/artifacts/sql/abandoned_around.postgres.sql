-- What is to be removed of a path, of something in it or of a folder around it.
SELECT path FROM abandoned_artifacts
WHERE path = $1::text OR starts_with($1::text, path || '/') OR starts_with(path, $1::text || '/')
LIMIT 1
