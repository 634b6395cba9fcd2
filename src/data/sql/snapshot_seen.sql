-- Notes that a source still gives a snapshot's bytes, now under another etag.
UPDATE snapshots SET etag = $2 WHERE id = $1
