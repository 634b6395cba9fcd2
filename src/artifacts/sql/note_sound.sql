-- Records that a file has the bytes of its upload, as the store calls them now.
UPDATE artifacts SET version = $2, damaged_ms = 0 WHERE path = $1 AND sha256 = $3
