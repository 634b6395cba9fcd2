-- The tags of a run and how many of their samples are kept.
SELECT seq, kind, tag, folder, key, plugin, seen,
       (SELECT COUNT(*) FROM summary_samples WHERE tag_seq = seq)
FROM summary_tags WHERE run_id = $1 ORDER BY kind, tag
