-- Which attempts were made in a run?
SELECT task, number, state, owner, message, exit_code, started_ms, ended_ms
FROM pipeline_attempts WHERE run = $1 ORDER BY task, number
