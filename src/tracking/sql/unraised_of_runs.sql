-- Which of some runs have points later than their latest metrics; $1 is a JSON array of their short keys.
SELECT run_seq FROM unraised_runs WHERE run_seq IN (SELECT value FROM json_each($1))
