-- Who holds a lease?
SELECT kind, id, owner, expires_ms, generation FROM leases WHERE kind = $1 AND id = $2
