-- Keeps a tag, or counts more values of one that is kept; returns its short key.
INSERT INTO summary_tags (run_id, kind, tag, folder, key, plugin, seen)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (run_id, kind, tag) DO UPDATE SET seen = summary_tags.seen + excluded.seen
RETURNING seq
