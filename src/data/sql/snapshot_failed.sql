-- Says why a snapshot could not be parsed.
UPDATE snapshots SET state = 'failed', error = $2 WHERE id = $1
