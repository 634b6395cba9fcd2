-- Size, checksum and version of a stored file.
SELECT bytes, sha256, version FROM artifacts WHERE path = $1
