-- What is to be removed of a path, of something in it or of a folder around it.
SELECT path FROM abandoned_artifacts
WHERE path = $1 OR substr($1, 1, length(path) + 1) = path || '/'
   OR substr(path, 1, length($1) + 1) = $1 || '/'
LIMIT 1
