-- Files whose sum is known, by path.
SELECT path, bytes, sha256, version, damaged_ms FROM artifacts WHERE path > $1 ORDER BY path LIMIT $2
