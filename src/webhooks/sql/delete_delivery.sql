-- Removes a delivery.
DELETE FROM webhook_deliveries WHERE seq = $1
