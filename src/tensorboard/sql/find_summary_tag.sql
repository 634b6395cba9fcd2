-- The short key of a run's tag of one kind.
SELECT seq FROM summary_tags WHERE run_id = $1 AND kind = $2 AND tag = $3
