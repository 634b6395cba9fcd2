-- What belongs to nobody and is not removed yet, by path.
SELECT path, abandoned_ms FROM abandoned_artifacts WHERE path > $1 ORDER BY path LIMIT $2
