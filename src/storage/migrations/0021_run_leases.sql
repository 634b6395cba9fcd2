-- The lease of a run (docs/decisions/0013-run-leases.md): how long it may be silent, when a sign of
-- life was last stored, and when it was marked dead. Runs without a lease have NULL everywhere.
ALTER TABLE runs ADD COLUMN lease_ms BIGINT;
ALTER TABLE runs ADD COLUMN lease_renewed_ms BIGINT;
ALTER TABLE runs ADD COLUMN lease_missed_ms BIGINT;
-- The runs that are watched. What a renewal changes is in no index, so that it moves no row.
CREATE INDEX runs_by_lease ON runs (run_seq) WHERE lease_ms IS NOT NULL AND status = 'RUNNING';
