-- Which alerts are pending or firing?
SELECT id, rule, labels, severity, phase, value, threshold, summary, annotations, cause,
  from_monitor, flapping, pending_ms, fired_ms, resolved_ms, seen_ms, ack_who, ack_note, ack_ms
FROM rule_alerts WHERE phase <> 'resolved' ORDER BY pending_ms, id
