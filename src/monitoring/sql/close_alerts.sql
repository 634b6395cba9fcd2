-- Closes all open alerts of a monitor.
UPDATE alerts SET state = 'closed', closed_ms = $2 WHERE monitor = $1 AND state = 'open'
RETURNING id
