-- What a monitor's suite of expectations found in a window; JSON.
ALTER TABLE monitor_windows ADD COLUMN validation TEXT NOT NULL DEFAULT '{}';
