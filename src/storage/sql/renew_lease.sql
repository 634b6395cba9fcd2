-- Prolongs a lease that nobody else has taken since.
UPDATE leases SET expires_ms = $4 WHERE kind = $1 AND id = $2 AND generation = $3
