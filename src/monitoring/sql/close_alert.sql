-- Closes the open alert of a kind and feature.
UPDATE alerts SET state = 'closed', closed_ms = $4
WHERE monitor = $1 AND kind = $2 AND feature = $3 AND state = 'open'
RETURNING id
