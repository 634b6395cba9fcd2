-- Gives a revision another role, share and size.
UPDATE revisions
SET role = $2, weight = $3, replicas = $4, live_ms = $5, retired_ms = $6
WHERE id = $1
