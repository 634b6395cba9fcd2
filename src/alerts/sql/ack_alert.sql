-- Notes who takes care of an alert that is not resolved; takes that back where nobody is given.
UPDATE rule_alerts SET ack_who = $2, ack_note = $3, ack_ms = $4 WHERE id = $1 AND phase <> 'resolved'
