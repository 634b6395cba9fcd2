-- Tells what a version of a dataset holds, how it was derived and of what.
SELECT v.md5, v.recipe, v.inputs
FROM dataset_versions v
WHERE v.dataset = $1 AND v.version = $2
