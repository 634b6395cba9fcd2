-- Drops a sample and returns what it was.
DELETE FROM summary_samples WHERE tag_seq = $1 AND step = $2 RETURNING data
