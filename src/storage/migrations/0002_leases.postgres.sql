-- Who holds what until when. A released lease has no row; `generation`, the fencing token, comes
-- from a sequence of its own so that it still never repeats.
CREATE TABLE leases (
  kind TEXT NOT NULL,
  id TEXT COLLATE "C" NOT NULL,
  owner TEXT NOT NULL,
  expires_ms BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX leases_by_expiry ON leases (kind, expires_ms);
CREATE SEQUENCE lease_generation;
