-- How many files have a known sum, and their bytes, behind a path.
SELECT count(*), CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM artifacts WHERE path > $1
