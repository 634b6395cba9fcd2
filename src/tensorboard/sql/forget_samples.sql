-- Forgets the samples of a run that is removed.
DELETE FROM summary_samples WHERE tag_seq IN (SELECT seq FROM summary_tags WHERE run_id = $1)
