-- All loops.
SELECT model, endpoint, version, yaml, state, decisions, events_after, created_ms, updated_ms, who
FROM loops ORDER BY model
