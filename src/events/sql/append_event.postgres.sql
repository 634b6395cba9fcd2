-- Appends an event and tells its place in the log. The lock is held until the commit, and the
-- materialized scan comes before `seq` is drawn, so that events become visible in order of seq.
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(7770001))
INSERT INTO events (time_ms, kind, subject, who, payload)
SELECT $1, $2, $3, $4, $5 FROM turn
RETURNING seq
