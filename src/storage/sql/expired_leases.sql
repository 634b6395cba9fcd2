-- Which leases of a kind have expired?
SELECT kind, id, owner, expires_ms, generation FROM leases
WHERE kind = $1 AND expires_ms <= $2
ORDER BY expires_ms, id
LIMIT $3
