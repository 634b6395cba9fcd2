-- Appends an event and tells its place in the log. The lock is shared, so appends do not wait for
-- each other; it is held until the commit is visible, and the materialized scan takes it before
-- `seq` is drawn (see events/horizon.h).
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(7770001))
INSERT INTO events (time_ms, kind, subject, who, payload)
SELECT $1, $2, $3, $4, $5 FROM turn
RETURNING seq
