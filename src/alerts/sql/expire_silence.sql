-- Ends a silence that has not ended; one that has not begun never will.
UPDATE alert_silences SET ends_ms = $2, expired_by = $3 WHERE id = $1 AND ends_ms > $2
