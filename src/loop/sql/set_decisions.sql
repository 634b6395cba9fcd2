-- Lets a loop that was deleted and stored again count on.
UPDATE loops SET decisions = $2 WHERE model = $1
