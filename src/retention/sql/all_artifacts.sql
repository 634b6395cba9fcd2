-- All files that were stored through this server, and what is to be removed anyway.
SELECT path FROM artifacts
UNION ALL
SELECT path FROM abandoned_artifacts
