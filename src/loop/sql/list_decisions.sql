-- Decisions of a model before a number, newest first.
SELECT number, time_ms, phase_from, phase_to, action, rule, reason, who, seen, undo
FROM loop_decisions WHERE model = $1 AND number < $2 ORDER BY number DESC LIMIT $3
