-- Notes what an alert has become.
UPDATE rule_alerts SET phase = $2, value = $3, summary = $4, annotations = $5, cause = $6,
  flapping = $7, fired_ms = $8, resolved_ms = $9, seen_ms = $10
WHERE id = $1
