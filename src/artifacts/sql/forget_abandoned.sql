-- Forgets what was removed.
DELETE FROM abandoned_artifacts WHERE path = $1
