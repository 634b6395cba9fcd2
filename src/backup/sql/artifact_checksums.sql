-- Which files among the artifacts does the database know, and by what content?
SELECT path, sha256 FROM artifacts
