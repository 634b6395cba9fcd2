-- Which of some runs have points later than their latest metrics; $1 is a JSON array of their short keys.
SELECT run_seq FROM unraised_runs
WHERE run_seq = ANY (ARRAY(SELECT json_array_elements_text($1::json)::bigint))
