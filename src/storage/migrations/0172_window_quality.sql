-- What is wrong with the rows of a window, and what detectors saw in it; both are JSON.
ALTER TABLE monitor_windows ADD COLUMN quality TEXT NOT NULL DEFAULT '{}';
ALTER TABLE monitor_windows ADD COLUMN changes TEXT NOT NULL DEFAULT '[]';
