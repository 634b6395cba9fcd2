-- Lets a suite judge a dataset or a source no longer.
DELETE FROM suite_attachments WHERE kind = $1 AND target = $2 AND suite = $3
