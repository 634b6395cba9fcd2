-- What is to be done for each model by itself, how far it is, and every decision.
CREATE TABLE loops (
  model TEXT COLLATE "C" PRIMARY KEY,
  endpoint TEXT NOT NULL,
  version BIGINT NOT NULL,
  yaml TEXT NOT NULL,
  phase TEXT NOT NULL,
  -- As JSON: everything that the next decision goes by.
  state TEXT NOT NULL,
  decisions BIGINT NOT NULL,
  -- Triggers see events after this one.
  events_after BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL,
  who TEXT NOT NULL
);
CREATE TABLE loop_decisions (
  model TEXT COLLATE "C" NOT NULL,
  number BIGINT NOT NULL,
  time_ms BIGINT NOT NULL,
  phase_from TEXT NOT NULL,
  phase_to TEXT NOT NULL,
  action TEXT NOT NULL,
  rule TEXT NOT NULL,
  reason TEXT NOT NULL,
  who TEXT NOT NULL,
  seen TEXT NOT NULL,
  undo TEXT NOT NULL,
  PRIMARY KEY (model, number)
);
-- How far the triggers have followed the event log.
CREATE TABLE loop_cursor (seq BIGINT NOT NULL);
INSERT INTO loop_cursor (seq) VALUES (0);
