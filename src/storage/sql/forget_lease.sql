-- Drops a lease whoever holds it.
DELETE FROM leases WHERE kind = $1 AND id = $2
