-- The tags of an experiment.
SELECT CAST(key AS TEXT), CAST(COALESCE(value, '') AS TEXT)
FROM experiment_tags WHERE experiment_id = $1 ORDER BY key
