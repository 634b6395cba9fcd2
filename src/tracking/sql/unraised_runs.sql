-- Up to $1 runs that have points later than their latest metrics.
SELECT run_seq FROM unraised_runs ORDER BY run_seq LIMIT $1
