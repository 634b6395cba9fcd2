-- Endpoints have settings, their revisions own slots of the traffic, and any number of canaries may
-- answer side by side.
ALTER TABLE endpoints ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';
ALTER TABLE revisions ADD COLUMN slots TEXT NOT NULL DEFAULT '';
DROP INDEX one_canary_revision;

-- Rows that a caller asked for on a day (since 1970), where the endpoint has a quota.
CREATE TABLE endpoint_usage (
  endpoint TEXT NOT NULL REFERENCES endpoints (name),
  day BIGINT NOT NULL,
  principal TEXT NOT NULL,
  asked_rows BIGINT NOT NULL,
  PRIMARY KEY (endpoint, day, principal)
);
