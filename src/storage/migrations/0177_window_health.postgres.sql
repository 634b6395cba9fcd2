-- What a window says beside drift and performance, as JSON; `measured_of_ms` is the updated_ms of
-- the row of monitor_windows that it is of.
CREATE TABLE window_health (
  monitor TEXT COLLATE "C" NOT NULL,
  start_ms BIGINT NOT NULL,
  measured_of_ms BIGINT NOT NULL,
  health TEXT NOT NULL,
  PRIMARY KEY (monitor, start_ms)
);
