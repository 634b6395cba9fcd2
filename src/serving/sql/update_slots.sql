-- Gives a revision its slots of the traffic.
UPDATE revisions SET slots = $2 WHERE id = $1
