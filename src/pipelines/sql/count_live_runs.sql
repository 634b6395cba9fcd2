-- How many runs of a pipeline are in a live state?
SELECT COUNT(*) FROM pipeline_runs WHERE pipeline = $1 AND state = $2
