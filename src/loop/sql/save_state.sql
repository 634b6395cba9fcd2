-- Stores where a loop is after its decision number $4; changes nothing when another was first.
UPDATE loops SET phase = $2, state = $3, decisions = $4 WHERE model = $1 AND decisions = $4 - 1
