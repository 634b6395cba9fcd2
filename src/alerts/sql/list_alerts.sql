-- Alerts, newest first; '' stands for any phase, rule and severity. $4 and $5 are where a page begins.
SELECT id, rule, labels, severity, phase, value, threshold, summary, annotations, cause,
  from_monitor, flapping, pending_ms, fired_ms, resolved_ms, seen_ms, ack_who, ack_note, ack_ms
FROM rule_alerts
WHERE ($1 = '' OR phase = $1) AND ($2 = '' OR rule = $2) AND ($3 = '' OR severity = $3)
  AND pending_ms <= $4 AND (pending_ms < $4 OR id < $5) AND ($6 = '' OR phase <> 'pending')
ORDER BY pending_ms DESC, id DESC LIMIT $7
