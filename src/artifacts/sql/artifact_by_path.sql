-- Size and checksum of a stored file.
SELECT bytes, sha256 FROM artifacts WHERE path = $1
