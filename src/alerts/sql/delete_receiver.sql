-- Deletes a receiver.
DELETE FROM alert_receivers WHERE name = $1
