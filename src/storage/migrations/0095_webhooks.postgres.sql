-- Who is told of events over HTTP, what each was told and what became of it.
CREATE TABLE webhooks (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL UNIQUE,
  name TEXT COLLATE "C" NOT NULL,
  description TEXT,
  url TEXT NOT NULL,
  -- How its messages are worded, and which of them it wants, as a JSON list.
  format TEXT COLLATE "C" NOT NULL,
  topics TEXT NOT NULL,
  status TEXT COLLATE "C" NOT NULL CHECK (status IN ('ACTIVE', 'DISABLED')),
  -- Sealed: see security/secret_box.h.
  secret TEXT,
  -- It is told of events after this one.
  after_seq BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  -- A deleted one stays until its deliveries have been removed.
  deleted_ms BIGINT
);
-- A message to one webhook. `tries` counts attempts since it was last queued, `attempts` all.
CREATE TABLE webhook_deliveries (
  seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id TEXT COLLATE "C" NOT NULL UNIQUE,
  webhook_seq BIGINT NOT NULL REFERENCES webhooks (seq),
  event_seq BIGINT NOT NULL,
  topic TEXT COLLATE "C" NOT NULL,
  subject TEXT COLLATE "C" NOT NULL,
  body TEXT NOT NULL,
  state TEXT COLLATE "C" NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
  tries BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  due_ms BIGINT NOT NULL,
  error TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  finished_ms BIGINT
);
CREATE INDEX webhook_deliveries_of ON webhook_deliveries (webhook_seq, seq);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook_seq, seq)
  WHERE state = 'pending';
CREATE INDEX webhook_deliveries_dead ON webhook_deliveries (webhook_seq, seq)
  WHERE state = 'dead';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_ms)
  WHERE finished_ms IS NOT NULL;
CREATE TABLE webhook_attempts (
  delivery_seq BIGINT NOT NULL REFERENCES webhook_deliveries (seq),
  number BIGINT NOT NULL,
  started_ms BIGINT NOT NULL,
  duration_ms BIGINT NOT NULL,
  status BIGINT,
  error TEXT NOT NULL,
  response TEXT NOT NULL,
  PRIMARY KEY (delivery_seq, number)
);
-- How far the webhooks have followed the event log.
CREATE TABLE webhook_cursor (seq BIGINT NOT NULL);
INSERT INTO webhook_cursor (seq) SELECT COALESCE(MAX(seq), 0) FROM events;
