-- Removes a tag of a run.
DELETE FROM run_tags WHERE run_seq = $1 AND key = $2
