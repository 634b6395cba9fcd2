-- The outbox of everything that happened. `seq` grows by commit order.
CREATE TABLE events (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ms BIGINT NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  who TEXT NOT NULL,
  payload TEXT NOT NULL
);
CREATE INDEX events_by_subject ON events (subject, seq);
