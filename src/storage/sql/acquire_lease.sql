-- Takes a lease that is free, expired ($6 is now) or held by the same owner.
INSERT INTO leases (kind, id, owner, expires_ms, generation) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (kind, id) DO UPDATE
SET owner = excluded.owner, expires_ms = excluded.expires_ms, generation = excluded.generation
WHERE leases.expires_ms <= $6 OR leases.owner = excluded.owner
RETURNING kind, id, owner, expires_ms, generation
