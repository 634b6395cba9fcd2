-- Says which version a snapshot was parsed into.
UPDATE snapshots SET state = 'parsed', version = $2, error = '' WHERE id = $1
