-- Rules of alerts, what they have raised, and who is told. Times named *_steady_ms are of the
-- evaluator's own clock, which never goes back (alerts/alert_clock.h); all others are wall time.
CREATE TABLE alert_rules (
  name TEXT COLLATE "C" PRIMARY KEY,
  version BIGINT NOT NULL,
  spec TEXT NOT NULL,
  updated_ms BIGINT NOT NULL,
  who TEXT NOT NULL
);
-- Every rule that there was; without a spec it was deleted.
CREATE TABLE alert_rule_versions (
  name TEXT COLLATE "C" NOT NULL,
  version BIGINT NOT NULL,
  spec TEXT,
  time_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  PRIMARY KEY (name, version)
);
-- Who is told of what; the newest version counts.
CREATE TABLE alert_routings (
  version BIGINT PRIMARY KEY,
  spec TEXT NOT NULL,
  time_ms BIGINT NOT NULL,
  who TEXT NOT NULL
);
-- A receiver is a row of webhooks, which has its address, its secret and its queue.
CREATE TABLE alert_receivers (
  name TEXT COLLATE "C" PRIMARY KEY,
  webhook TEXT COLLATE "C" NOT NULL,
  kind TEXT COLLATE "C" NOT NULL,
  send_resolved BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  who TEXT NOT NULL
);
-- The state of each label set of a rule that has one to remember, as JSON.
CREATE TABLE alert_machines (
  rule TEXT COLLATE "C" NOT NULL,
  labels TEXT COLLATE "C" NOT NULL,
  alert TEXT COLLATE "C" NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (rule, labels)
);
-- Alerts of rules and of monitors, from pending to resolved. What monitors know of theirs is in the
-- table alerts, under the same id.
CREATE TABLE rule_alerts (
  id TEXT COLLATE "C" PRIMARY KEY,
  rule TEXT COLLATE "C" NOT NULL,
  labels TEXT COLLATE "C" NOT NULL,
  severity TEXT COLLATE "C" NOT NULL,
  phase TEXT COLLATE "C" NOT NULL CHECK (phase IN ('pending', 'firing', 'resolved')),
  value DOUBLE PRECISION,
  threshold DOUBLE PRECISION,
  summary TEXT NOT NULL,
  annotations TEXT NOT NULL,
  cause TEXT NOT NULL,
  from_monitor BIGINT NOT NULL,
  flapping BIGINT NOT NULL,
  pending_ms BIGINT NOT NULL,
  fired_ms BIGINT,
  resolved_ms BIGINT,
  seen_ms BIGINT NOT NULL,
  ack_who TEXT,
  ack_note TEXT,
  ack_ms BIGINT
);
CREATE INDEX rule_alerts_newest ON rule_alerts (pending_ms, id);
CREATE INDEX rule_alerts_live ON rule_alerts (phase) WHERE phase <> 'resolved';
CREATE INDEX rule_alerts_of ON rule_alerts (rule, pending_ms);
CREATE TABLE alert_timeline (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  alert TEXT COLLATE "C" NOT NULL,
  time_ms BIGINT NOT NULL,
  what TEXT COLLATE "C" NOT NULL,
  who TEXT NOT NULL,
  note TEXT NOT NULL
);
CREATE INDEX alert_timeline_of ON alert_timeline (alert, seq);
CREATE TABLE alert_silences (
  id TEXT COLLATE "C" PRIMARY KEY,
  matchers TEXT NOT NULL,
  starts_ms BIGINT NOT NULL,
  ends_ms BIGINT NOT NULL,
  who TEXT NOT NULL,
  comment TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expired_by TEXT
);
CREATE INDEX alert_silences_by_end ON alert_silences (ends_ms, id);
-- What was told of the alerts that go together, and of storms, as JSON.
CREATE TABLE alert_groups (
  id TEXT COLLATE "C" PRIMARY KEY,
  state TEXT NOT NULL
);
CREATE TABLE alert_clock (
  one BIGINT PRIMARY KEY,
  steady_ms BIGINT NOT NULL,
  wall_ms BIGINT NOT NULL
);
-- What a webhook's format needs beside its URL and secret, as JSON: of mail who sends and who gets it.
ALTER TABLE webhooks ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
