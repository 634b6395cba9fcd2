-- The tags of some experiments; $1 is a JSON array of their numbers.
SELECT experiment_id, key, value FROM experiment_tags
WHERE experiment_id IN (SELECT value FROM json_each($1))
ORDER BY experiment_id, key
