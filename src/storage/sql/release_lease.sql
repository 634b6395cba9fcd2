-- Gives a lease back.
DELETE FROM leases WHERE kind = $1 AND id = $2 AND generation = $3
