-- Notes that a file or folder belongs to nobody any more and is to be removed.
INSERT INTO abandoned_artifacts (path, abandoned_ms) VALUES ($1, $2) ON CONFLICT (path) DO NOTHING
