-- What a window's outcomes were when it was measured: a corrected one changes no count.
ALTER TABLE monitor_windows ADD COLUMN outcomes_digest BIGINT NOT NULL DEFAULT 0;
