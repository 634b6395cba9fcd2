-- One loop.
SELECT model, endpoint, version, yaml, state, decisions, events_after, created_ms, updated_ms, who
FROM loops WHERE model = $1
