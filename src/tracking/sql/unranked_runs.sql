-- Up to $1 runs whose metrics have values that searches do not know yet.
SELECT run_seq FROM unranked_runs ORDER BY run_seq LIMIT $1
