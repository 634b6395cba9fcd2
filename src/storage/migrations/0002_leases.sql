-- Who holds what until when. A released lease has no row; `generation`, the fencing token, comes
-- from a counter of its own so that it still never repeats.
CREATE TABLE leases (
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  owner TEXT NOT NULL,
  expires_ms BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX leases_by_expiry ON leases (kind, expires_ms);
CREATE TABLE lease_generation (last BIGINT NOT NULL);
INSERT INTO lease_generation (last) VALUES (0);
