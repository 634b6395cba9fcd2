-- Removes the attempts of a delivery.
DELETE FROM webhook_attempts WHERE delivery_seq = $1
