-- How many pipeline runs were there?
SELECT count(*) FROM pipeline_runs
