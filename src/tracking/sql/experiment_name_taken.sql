-- Whether another experiment has a name.
SELECT 1 FROM experiments WHERE name = $2 AND experiment_id <> $1
