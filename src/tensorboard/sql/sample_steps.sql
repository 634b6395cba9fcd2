-- The steps of which a tag has kept samples.
SELECT step FROM summary_samples WHERE tag_seq = $1 ORDER BY step
