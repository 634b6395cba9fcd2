-- Tells what the latest version of a dataset holds and how it was derived.
SELECT v.md5, v.recipe
FROM dataset_versions v
WHERE v.dataset = $1 AND v.version = $2
