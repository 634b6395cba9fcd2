-- Records that a migration was applied.
INSERT INTO schema_migrations (number, name, checksum, applied_ms) VALUES ($1, $2, $3, $4)
