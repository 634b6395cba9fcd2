-- Forgets a loop; its decisions stay.
DELETE FROM loops WHERE model = $1
