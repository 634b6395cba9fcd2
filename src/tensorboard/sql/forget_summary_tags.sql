-- Forgets the tags of a run that is removed.
DELETE FROM summary_tags WHERE run_id = $1
